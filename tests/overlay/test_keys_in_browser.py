"""Keys as browsers live with them: the real bot, the real pages, and what renewal does to those that are open."""

import re

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.guard import COOKIE_SECONDS
from tests.bot.stage import OVERLAY_KEY, STREAMER_KEY, theatre
from tests.chromium import ARGUMENTS, CHROMIUM, LAUNCH_MS, PATIENCE_MS, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

FETCH = "(path) => fetch(path).then((answer) => answer.status)"


async def state_is(page: Page, state: str) -> None:
    await page.locator(f'html[data-state="{state}"]').wait_for(state="attached", timeout=PATIENCE_MS)


async def test_a_stream_with_its_keys_renewed() -> None:
    async with theatre() as stage, async_playwright() as playwright:
        # Nobody takes part, so that nothing on the pages changes with time.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=LAUNCH_MS)
        # OBS's browser and the streamer's are two.
        obs, mine = await browser.new_context(), await browser.new_context()
        for context in (obs, mine):
            context.set_default_timeout(PATIENCE_MS)
        overlay, dashboard = await obs.new_page(), await mine.new_page()
        asked: list[str] = []
        for page in (overlay, dashboard):
            page.on("request", lambda request: asked.append(request.url))

        await overlay.goto(f"{stage.address}/overlay/?lang=en#key={OVERLAY_KEY}")
        await state_is(overlay, "gathering")
        assert overlay.url == f"{stage.address}/overlay/?lang=en", "the key has left the address"
        (cookie,) = await obs.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["path"] == "/"
        assert cookie["value"] not in (OVERLAY_KEY, STREAMER_KEY) and cookie["expires"] > COOKIE_SECONDS
        assert await overlay.evaluate("document.cookie") == ""
        assert await overlay.evaluate(FETCH, "/api/mood") == 200
        for path in ("/api/links", "/api/history", "/api/card.png", "/api/controls"):
            assert await overlay.evaluate(FETCH, path) == 403, path

        await dashboard.goto(f"{stage.address}/dashboard/#key={STREAMER_KEY}")
        await state_is(dashboard, "gathering")
        await dashboard.reload()
        await state_is(dashboard, "gathering")
        # The preview is the overlay itself, in the streamer's own browser.
        await dashboard.locator("summary").click()
        preview = dashboard.frame_locator("iframe")
        await preview.locator('html[data-state="gathering"]').wait_for(state="attached")
        await dashboard.get_by_role("button", name="Show the links").click()
        picture = dashboard.get_by_role("img", name="QR code of the join link")
        await expect(picture).to_be_visible(timeout=PATIENCE_MS)
        assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")

        async def renew(name: str) -> None:
            await dashboard.get_by_role("button", name=f"Renew: {name}").click()
            await dashboard.get_by_role("button", name=f"Yes, renew it: {name}").click()
            await expect(dashboard.get_by_text("Renewed.")).to_be_visible(timeout=PATIENCE_MS)

        await renew("The overlay's key")
        await expect(overlay.locator(".locked")).to_be_visible(timeout=PATIENCE_MS)
        await expect(overlay.locator(".plate")).to_be_hidden(timeout=PATIENCE_MS)
        link = dashboard.get_by_label("Overlay, for an OBS browser source", exact=True)
        await expect(link).to_have_value(re.compile(re.escape(stage.show.keys.overlay)), timeout=PATIENCE_MS)
        await overlay.goto(await link.input_value())
        await state_is(overlay, "gathering")

        locked = dashboard.locator(".locked")
        await dashboard.evaluate(
            """() => new MutationObserver(() => { document.body.dataset.wasLocked = ""; })
                 .observe(document.querySelector("section.locked"), { attributes: true })"""
        )
        await renew("The dashboard's key")
        link = dashboard.get_by_label("This dashboard", exact=True)
        await expect(link).to_have_value(re.compile(re.escape(stage.show.keys.streamer)), timeout=PATIENCE_MS)
        assert await dashboard.evaluate(FETCH, "/api/links") == 200
        await state_is(dashboard, "gathering")
        await expect(locked).to_be_hidden()
        assert await dashboard.evaluate("document.body.dataset.wasLocked") is None, "not for a moment"

        keys = {OVERLAY_KEY, STREAMER_KEY, stage.show.keys.overlay, stage.show.keys.streamer}
        # Playwright tells a page's address whole; what is sent to the bot has no fragment.
        assert not [url for url in asked if any(key in url.partition("#")[0] for key in keys)]
        await browser.close()
