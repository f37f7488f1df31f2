"""Pages of the site in a browser, and explorers on them."""

from contextlib import contextmanager


@contextmanager
def opened(browser, width=1400, theme="light", **options):
    """Yield an empty page without a network that notes in `problems` what goes wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, **options
    )
    context.set_default_timeout(120_000)  # other tests run beside
    page = context.new_page()
    page.problems = []

    def note_message(message):
        if message.type in ("error", "warning"):
            page.problems.append(message.text)

    def note_request(request):
        if not request.url.startswith(("file:", "data:", "http://127.0.0.1:")):
            page.problems.append(request.url)

    def note_failure(request):
        # A picture that is still on its way when the page is left; one that is missing says so.
        if request.failure != "net::ERR_ABORTED":
            page.problems.append(f"failed: {request.url}")

    page.on("console", note_message)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", note_request)
    page.on("requestfailed", note_failure)
    yield page
    context.close()


def live(page, place):
    """Scroll to an explorer's place, and return what is drawn there once it is."""
    place.scroll_into_view_if_needed()
    drawn = place.locator(".vx")
    drawn.wait_for()
    return drawn
