"""How fast the latent explorers follow a slider, in a real browser, beside a customary one.

    python benchmarks/explorer.py [--seconds 4] [--repeats 3]

The customary one is `interact` with matplotlib. All three stand in one notebook in JupyterLab
(headless Chromium), and take turns. A drag is one mouse event per frame of the screen on the
slider's handle, sent by the page itself: a browser driver sends fewer than a hand does. Pictures
are counted as they arrive in the page. Then the same browser opens the site from disk: how long
until an explorer that comes into view is ready, and how many pictures the map and the image to
draw on show a second. Needs chromium, the `notebooks` and `test` extras, and `make site`.
"""

import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import common
import nbformat
import torch
from playwright.sync_api import Page, sync_playwright

from vaehelpers import load_published
from vaehelpers.explorers import in_kernel, walk

sys.path.insert(0, str(common.ROOT / "tests" / "browser"))

from lab import FLAGS, chromium, jupyterlab, run_all

SETUP = """
import matplotlib.pyplot as plt
import torch
from ipywidgets import interact

from vaehelpers import load_published, mean_levels
from vaehelpers.explorers import in_kernel, in_page, walk
from vaehelpers.vae import latent

torch.set_num_threads(1)
vae, _ = load_published(2, 80)
"""
CUSTOMARY = """
@interact(z1=(1, 99), z2=(1, 99))
def show(z1=50, z2=50):
    with torch.no_grad():
        z = latent.ppf(torch.tensor([[z1, z2]]) / 100)
        picture = mean_levels(vae.decoder(z))[0, 0]
    plt.imshow(picture, cmap="gray")
    plt.show()
"""
CELLS = {
    "interact + matplotlib": CUSTOMARY,
    "kernel tier": "in_kernel(walk.over_prior(vae))",
    "page tier": "in_page(walk.over_prior(vae, name='page'))",
}
DRAG = """async ([index, seconds]) => {
  const area = document.querySelectorAll(".jp-CodeCell")[index];
  const bar = area.querySelector(".noUi-target");
  const handle = bar.querySelector(".noUi-handle");
  const box = bar.getBoundingClientRect();
  const send = (type, x, buttons) => handle.dispatchEvent(new MouseEvent(
    type, {bubbles: true, cancelable: true, clientX: x, clientY: box.y + 2, buttons, button: 0}));

  // The page tier counts its pictures itself; of the others, the page sees images arrive.
  const root = area.querySelector(".vx");
  const drawn = () => Number(root?.dataset.frames ?? 0);
  const isPicture = (node) => node.nodeName === "IMG" || node.querySelector?.("img");
  const showsPicture = ({type, target, addedNodes}) =>
    type === "attributes" ? target.tagName === "IMG" : [...addedNodes].some(isPicture);
  let arrived = 0;
  let waiting = [];
  const observer = new MutationObserver((changes) => {
    if (changes.some(showsPicture)) {
      arrived++;
      waiting.splice(0).forEach((done) => done(performance.now()));
    }
  });
  observer.observe(
    area, {subtree: true, childList: true, attributes: true, attributeFilter: ["src"]});

  // A drag, back and forth.
  send("mousedown", handle.getBoundingClientRect().x + 5, 1);
  const before = drawn();
  const start = performance.now();
  let frames = 0;
  for (; performance.now() - start < 1000 * seconds; frames++) {
    await new Promise(requestAnimationFrame);
    send("mousemove", box.x + box.width * Math.abs((frames % 60) / 30 - 1), 1);
  }
  const took = (performance.now() - start) / 1000;
  const pictures = root ? drawn() - before : arrived;
  await new Promise((done) => setTimeout(done, 1500));

  // Single steps, each after the last has been shown.
  const delays = [];
  for (let i = 0; i < 15 && !root; i++) {
    const sent = performance.now();
    const shown = new Promise((done) => waiting.push(done));
    const givenUp = new Promise((done) => setTimeout(done, 2000, NaN));
    send("mousemove", box.x + box.width * (0.2 + 0.04 * i), 1);
    delays.push(await Promise.race([shown, givenUp]) - sent);
    await new Promise((done) => setTimeout(done, 150));
  }
  send("mouseup", box.x, 0);
  observer.disconnect();
  return {
    pictures: pictures / took,
    frames: frames / took,
    delays: delays.filter((delay) => delay > 0),
  };
}"""


SITE = common.ROOT / "site" / "explore.html"
READY = """async (place) => {
  const start = performance.now();
  place.scrollIntoView();
  while (!place.querySelector(".vx")) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""
# Something moves at every frame of the screen: a slider, or a pointer over the image.
MOVES = {
    "walk": """(place, part) => {
      const slider = place.querySelector("input[type=range]");
      slider.value = 1 + 98 * part;
      slider.dispatchEvent(new Event("input", {bubbles: true}));
    }""",
    "bound": """(place, part) => {
      const canvas = place.querySelector("canvas");
      const {x, y, width, height} = canvas.getBoundingClientRect();
      const at = {clientX: x + width * part, clientY: y + 0.5 * height, buttons: 1};
      canvas.dispatchEvent(new PointerEvent("pointermove", at));
    }""",
}
PLAY = """async ([place, seconds]) => {
  const move = %s;
  const drawn = () => Number(place.querySelector(".vx").dataset.frames);
  const before = drawn();
  const start = performance.now();
  for (let frames = 0; performance.now() - start < 1000 * seconds; frames++) {
    await new Promise(requestAnimationFrame);
    move(place, Math.abs((frames %% 60) / 30 - 1));
  }
  return 1000 * (drawn() - before) / (performance.now() - start);
}"""


def main() -> None:
    """Measure, print a table, and write benchmarks/results/explorer.json."""
    parser = common.argument_parser(__doc__, with_device=False)
    parser.add_argument("--seconds", type=float, default=4, help="length of a drag")
    parser.add_argument("--repeats", type=int, default=3, help="drags of each explorer")
    args = parser.parse_args()
    if not SITE.is_file():
        parser.error(f"{SITE} is not there; run `make site` first")
    results, ready = measure(args.seconds, args.repeats)
    step = kernel_step()
    base = results["interact + matplotlib"]["pictures"]
    print(f"{'':22} pictures/s   ratio   step shown after [ms]")
    for name, part in results.items():
        delay = f"{part['delays']:.0f}" if part["delays"] else "within the next frame"
        print(f"{name:22} {part['pictures']:>10.1f} {part['pictures'] / base:>7.1f}   {delay}")
    print(f"kernel tier, a step in the kernel: {step:.1f} ms")
    print(f"site, an explorer is ready after [ms]: {max(ready.values()):.0f} at most; of each:")
    print(", ".join(f"{name} {delay:.0f}" for name, delay in ready.items()))
    provenance = common.ran_on(torch.device("cpu"), "jupyterlab", "anywidget")
    result = {"results": results, "kernel_step_ms": step, "ready_ms": ready, **provenance}
    common.write_result("explorer.json", result)


def measure(seconds: float, repeats: int) -> tuple[dict[str, dict], dict[str, float]]:
    """Return each explorer's pictures per second, and the delay [ms] of a single step.

    They are medians over the repeats. Also return after how long [ms] those of the site are ready.
    """
    of_site = {f"site, {name}": [] for name in MOVES}
    pictures = {**{name: [] for name in CELLS}, **of_site}
    delays = {name: [] for name in CELLS}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(120_000)
        with jupyterlab(Path(folder), notebook(Path(folder))) as address:
            run_all(page, address)
            page.wait_for_selector(".vx[data-frames]")
            page.wait_for_timeout(2000)
            for _ in range(repeats):
                for index, name in enumerate(CELLS, start=1):
                    found = drag(page, index, seconds)
                    pictures[name].append(found["pictures"])
                    delays[name] += found["delays"]
        page.goto(SITE.as_uri())
        ready = {}
        for place in page.locator("[data-explorer]").all():
            ready[place.get_attribute("data-explorer")] = place.evaluate(READY)
        for _ in range(repeats):
            for name, move in MOVES.items():
                place = page.locator(f"#explore-{name}")
                place.scroll_into_view_if_needed()
                shown = page.evaluate(PLAY % move, [place.element_handle(), seconds])
                pictures[f"site, {name}"].append(shown)
        browser.close()
    results = {}
    for name in pictures:
        delay = statistics.median(delays[name]) if delays.get(name) else None
        results[name] = {"pictures": statistics.median(pictures[name]), "delays": delay}
    return results, ready


def notebook(folder: Path) -> Path:
    """Write a notebook with the three explorers, one in a cell."""
    sources = [SETUP, *CELLS.values()]
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "explorers.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def drag(page: Page, index: int, seconds: float) -> dict:
    """Drag the slider of the explorer in a cell; return what `DRAG` counted."""
    page.locator(".jp-CodeCell").nth(index).scroll_into_view_if_needed()
    return page.evaluate(DRAG, [index, seconds])


def kernel_step(steps: int = 200) -> float:
    """Return the median time [ms] in which the kernel tier draws a slider's new value.

    It has one thread, as in the notebook.
    """
    torch.set_num_threads(1)
    vae, _ = load_published(2, 80)
    _, controls, _ = in_kernel(walk.over_prior(vae)).children
    slider = controls.sliders[0]

    def move(value: int) -> None:
        slider.value = value  # the picture is drawn before this returns

    times = []
    for i in range(steps):
        times.append(common.timed(partial(move, 1 + i % 99)))
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()
