"""How fast the latent explorers follow a slider, in a real browser, beside the customary `interact` with matplotlib.

    python benchmarks/explorer.py [--seconds 4] [--repeats 3]

All three stand in one notebook in JupyterLab (headless Chromium), and take turns. A drag is one mouse event per frame
of the screen on the slider's handle, sent by the page itself: a browser driver sends fewer than a hand does. Pictures
are counted as they arrive in the page. Needs chromium and the `notebooks` and `test` extras.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import torch
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import FLAGS, chromium, jupyterlab, run_all  # noqa: E402

from vaehelpers import checkpoint, provenance, walk  # noqa: E402

SETUP = """
import torch, matplotlib.pyplot as plt
from ipywidgets import interact
from vaehelpers import checkpoint, explore_latents, latent, model, walk
torch.set_num_threads(1)
vae, _ = checkpoint.load(checkpoint.published(2, 80))
"""
CUSTOMARY = """
@interact(z1=(1, 99), z2=(1, 99))
def show(z1=50, z2=50):
    with torch.no_grad():
        z = latent.ppf(torch.tensor([[z1, z2]]) / 100)
        picture = model.mean_levels(vae.decoder(z))[0, 0]
    plt.imshow(picture, cmap="gray")
    plt.show()
"""
CELLS = {
    "interact + matplotlib": CUSTOMARY,
    "kernel tier": "explore_latents.in_kernel(walk.over_prior(vae))",
    "page tier": "explore_latents.in_page(walk.over_prior(vae, name='page'))",
}
DRAG = """async ([index, seconds]) => {
  const area = document.querySelectorAll(".jp-CodeCell")[index], bar = area.querySelector(".noUi-target");
  const handle = bar.querySelector(".noUi-handle"), box = bar.getBoundingClientRect();
  const send = (type, x, buttons) => handle.dispatchEvent(
    new MouseEvent(type, {bubbles: true, cancelable: true, clientX: x, clientY: box.y + 2, buttons, button: 0}));
  const root = area.querySelector(".vae-page"), drawn = () => Number(root?.dataset.frames ?? 0);
  let arrived = 0, waiting = [];
  const observer = new MutationObserver((changes) => {
    const fresh = changes.some(({type, target, addedNodes}) => type === "attributes" ? target.tagName === "IMG"
      : [...addedNodes].some((node) => node.nodeName === "IMG" || node.querySelector?.("img")));
    if (fresh) { arrived++; waiting.splice(0).forEach((done) => done(performance.now())); }
  });
  observer.observe(area, {subtree: true, childList: true, attributes: true, attributeFilter: ["src"]});
  send("mousedown", handle.getBoundingClientRect().x + 5, 1);
  const before = drawn(), start = performance.now();
  let frames = 0;
  for (; performance.now() - start < 1000 * seconds; frames++) {
    await new Promise(requestAnimationFrame);
    send("mousemove", box.x + box.width * Math.abs((frames % 60) / 30 - 1), 1);
  }
  const took = (performance.now() - start) / 1000, pictures = root ? drawn() - before : arrived;
  await new Promise((done) => setTimeout(done, 1500));
  const delays = [];
  for (let i = 0; i < 15 && !root; i++) {
    const sent = performance.now();
    const shown = new Promise((done) => waiting.push(done));
    send("mousemove", box.x + box.width * (0.2 + 0.04 * i), 1);
    delays.push(await Promise.race([shown, new Promise((done) => setTimeout(done, 2000, NaN))]) - sent);
    await new Promise((done) => setTimeout(done, 150));
  }
  send("mouseup", box.x, 0);
  observer.disconnect();
  return {pictures: pictures / took, frames: frames / took, delays: delays.filter((delay) => delay > 0)};
}"""


def notebook(folder: Path) -> Path:
    """Write a notebook with the three explorers, one in a cell."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (SETUP, *CELLS.values())]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "explorers.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def kernel_step(steps: int = 200) -> float:
    """Return the median time [ms] that the kernel tier takes to draw one picture, with one thread."""
    torch.set_num_threads(1)
    vae, _ = checkpoint.load(checkpoint.published(2, 80))
    path = walk.over_prior(vae)
    chart, times = walk.chart_bytes(path), []
    for i in range(steps):
        started = time.perf_counter()
        walk.frame(path, [1 + i % 99, 50], path.origin, "mean", (14, 14), chart)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def measure(seconds: float, repeats: int) -> dict[str, dict]:
    """Return pictures per second, and the delay [ms] of a single step, of each explorer: medians over repeats."""
    found = {name: {"pictures": [], "delays": []} for name in CELLS}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(120_000)
        with jupyterlab(Path(folder), notebook(Path(folder))) as address:
            run_all(page, address)
            page.wait_for_selector(".vae-page[data-frames]")
            page.wait_for_timeout(2000)
            for _ in range(repeats):
                for index, name in enumerate(CELLS, start=1):
                    page.locator(".jp-CodeCell").nth(index).scroll_into_view_if_needed()
                    result = page.evaluate(DRAG, [index, seconds])
                    found[name]["pictures"].append(result["pictures"])
                    found[name]["delays"] += result["delays"]
        browser.close()
    return {
        name: {key: statistics.median(values) if values else None for key, values in part.items()}
        for name, part in found.items()
    }


def main() -> None:
    """Measure, print a table, and write benchmarks/results/explorer.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4, help="length of a drag")
    parser.add_argument("--repeats", type=int, default=3, help="drags of each explorer")
    args = parser.parse_args()
    results, step = measure(args.seconds, args.repeats), kernel_step()
    base = results["interact + matplotlib"]["pictures"]
    print(f"{'':22} pictures/s   ratio   step shown after [ms]")
    for name, part in results.items():
        delay = f"{part['delays']:.0f}" if part["delays"] else "within the next frame"
        print(f"{name:22} {part['pictures']:>10.1f} {part['pictures'] / base:>7.1f}   {delay}")
    print(f"kernel tier, a step in the kernel: {step:.1f} ms")
    content = {
        "results": results,
        "kernel_step_ms": step,
        "versions": provenance.versions("jupyterlab", "anywidget"),
        "hardware": provenance.hardware(torch.device("cpu")),
    }
    (ROOT / "benchmarks" / "results" / "explorer.json").write_text(
        json.dumps(content, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
