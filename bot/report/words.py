"""What the report says, in each language. It speaks of expressions, never of what somebody feels."""

# ruff: noqa: RUF001 - Chinese has its own commas and brackets.

from typing import Final

from msgspec import Struct

from bot.drawing.words import LANGUAGES as PICTURES
from bot.language import Language, LanguageName
from model.emotions import EMOTIONS


class Words(Struct, frozen=True):
    """One language. Templates take the names in braces. The last block is the page's own program's."""

    story: str
    untitled: str
    running: str
    notice: str
    when: str
    duration: str
    category: str
    other_language: str

    leading: str
    viewers: str
    viewers_mean: str
    viewers_most: str
    known: str
    known_of: str
    sources: str
    sources_faces: str
    sources_chat: str
    compared: str
    above: str
    below: str
    as_usual: str
    viewers_usual: str
    too_few_streams: str
    nothing: str
    between: str

    chart: str
    chart_label: str
    chart_help: str
    need_script: str
    unit: str
    fitting: str
    shown_part: str
    page_label: str
    earlier: str
    later: str
    zoom_in: str
    zoom_out: str
    sheet: str
    picture: str
    lines: str
    numbers: str
    time: str
    counted: str
    band: str

    shares: str
    shares_note: str
    expression: str
    share: str
    interval: str
    usual: str
    difference: str
    strongest: str
    peak_at: str

    moments: str
    moments_note: str
    no_moments: str
    jump: str
    copy: str
    lead: str
    lead_note: str
    chapters: str
    looks_like: str

    gaps: str
    gaps_note: str
    no_gaps: str
    few: str
    away: str
    more_gaps: str

    all_streams: str
    streams: str
    streams_note: str
    no_streams: str
    this_one: str
    newer: str
    older: str
    take_along: str
    take_along_commands: str
    offline: str
    date: str
    title: str
    channel: str
    no_disk: str
    dashboard: str

    percent: str
    span: str
    share_between: str
    point_footer: str
    shown: str
    page: str
    whole: str
    of: str
    more: str
    copied: str
    not_copied: str
    start: str
    units: dict[int, str]
    lengths: dict[int, str]


PROGRAM: Final = (
    "percent", "span", "share_between", "point_footer", "shown", "page", "whole", "of", "more", "copied", "not_copied",
    "start", "units", "lengths",
)  # fmt: skip
"""The words that the page's own program needs."""


def looks_like(language: LanguageName, emotion: str, share: str) -> str:
    """A moment in words, as in "looks like surprise 62 %"."""
    names = Language(language)
    said = WORDS[language].looks_like.format(name=names.name_of(emotion), looks=names.looks_of(emotion), share=share)
    # To be pasted elsewhere, so with plain blanks.
    return said.replace("\N{NO-BREAK SPACE}", " ")


def expressions(language: LanguageName) -> tuple[str, ...]:
    """The seven as the overlay calls them, in the order of EMOTIONS."""
    return tuple(PICTURES[language].expressions[emotion] for emotion in EMOTIONS)


WORDS: Final[dict[LanguageName, Words]] = {
    "en": Words(
        story="The stream's story",
        untitled="Stream {number}",
        running="still running",
        notice="Expressions that faces and words show, read by a model that errs: not what anybody feels.",
        when="Began",
        duration="Lasted",
        category="Category",
        other_language="中文",
        leading="Seen most",
        viewers="Viewers sharing",
        viewers_mean="{mean} on average",
        viewers_most="{most} at most",
        known="With numbers",
        known_of="{part} of the stream",
        sources="Where from",
        sources_faces="{part} faces",
        sources_chat="{part} chat",
        compared="Against the {count} streams before",
        above="{expression} is {points} points above your usual",
        below="{expression} is {points} points below your usual",
        as_usual="Much as usual",
        viewers_usual="your usual is {mean} viewers",
        too_few_streams="Your usual takes 3 earlier streams of at least 10 minutes; there are {count} so far.",
        nothing="No second had enough viewers to show shares.",
        between="between {low} and {high}",
        chart="The seven over time",
        chart_label="Line chart: the shares of the seven expressions over the stream. The table below has its numbers.",
        chart_help=(
            "Drag over a part to see it alone; Ctrl and the wheel zoom; a double click shows all. Keys: arrows move, "
            "Page Up and Page Down turn the page, + and - zoom, 0 shows all."
        ),
        need_script="The chart needs JavaScript. All other numbers are below.",
        unit="Unit",
        fitting="auto",
        shown_part="Show",
        page_label="Page",
        earlier="Earlier",
        later="Later",
        zoom_in="Zoom in",
        zoom_out="Zoom out",
        sheet="Save CSV",
        picture="Save PNG",
        lines="Lines",
        numbers="The same as a table",
        time="Time",
        counted="Seconds with shares",
        band=(
            "The band is the 90 % range of the expression that you point at, from how many took part. How well each "
            "face was seen is not kept, so the true range may be a little wider. Shaded stretches have no numbers."
        ),
        shares="Shares of the whole stream",
        shares_note="Every second with enough viewers counts the same. Whiskers: 90 % ranges. Notch: your usual.",
        expression="Expression",
        share="Share",
        interval="90 % range",
        usual="Your usual",
        difference="Points above it",
        strongest="Strongest second",
        peak_at="{share} at {time} ({viewers} viewers)",
        moments="Moments",
        moments_note="Where an expression began to stand out, at least 10 points above the stream's mean.",
        no_moments="No expression stood out by 10 points.",
        jump="Show {time} in the chart",
        copy="Copy",
        lead="Begin so many seconds earlier",
        lead_note="Viewers see you a few seconds late, and faces answer after that.",
        chapters="Chapters for the video's description",
        looks_like="looks like {name} {share}",
        gaps="What is not known",
        gaps_note="{length} of {duration} have no shares ({part}).",
        no_gaps="Nothing is missing: every moment had enough viewers.",
        few="too few viewers to show shares",
        away="nobody shared, LERA rested, or the bot was away",
        more_gaps="and {count} shorter ones",
        all_streams="All streams",
        streams="Other streams",
        streams_note="Choose a stream to read its story.",
        no_streams="No stream has been kept yet. Run a show for a while, and come back.",
        this_one="this one",
        newer="Newer",
        older="Older",
        take_along="Take along",
        take_along_commands="From LERA's folder: {commands}",
        offline="Offline page",
        date="Date",
        title="Title",
        channel="Channel",
        no_disk="This show keeps no history; see [history] in config.toml.",
        dashboard="Dashboard",
        percent="{number}\N{NO-BREAK SPACE}%",
        span="{from} to {to}",
        share_between="{expression} {share} ({low} to {high})",
        point_footer="{viewers} viewers · shares in {counted} of {unit} s",
        shown="Shown: {from} to {to}. One point is {unit}.",
        page="{number} of {count}: {from} to {to}",
        whole="the whole stream",
        of="{counted} of {unit}",
        more="The first {most} of {count} rows. Zoom in for the others.",
        copied="Copied.",
        not_copied="Could not copy. The text is selected: press Ctrl+C.",
        start="Start",
        units={10: "10 s", 60: "1 min", 600: "10 min", 1800: "30 min"},
        lengths={
            180: "3 min",
            600: "10 min",
            1800: "30 min",
            3600: "1 h",
            10800: "3 h",
            18000: "5 h",
            36000: "10 h",
            86400: "24 h",
        },
    ),
    "zh-TW": Words(
        story="直播的故事",
        untitled="第 {number} 場直播",
        running="直播中",
        notice="這是模型從臉部與文字讀到的表情，可能有誤，也不代表任何人的感受。",
        when="直播時間",
        duration="長度",
        category="分類",
        other_language="English",
        leading="最常看到",
        viewers="分享表情的觀眾",
        viewers_mean="平均 {mean} 位",
        viewers_most="最多 {most} 位",
        known="有數據的時間",
        known_of="占整場的 {part}",
        sources="數據來源",
        sources_faces="鏡頭 {part}",
        sources_chat="聊天室 {part}",
        compared="和之前的 {count} 場直播相比",
        above="{expression}比平常高 {points} 個百分點",
        below="{expression}比平常低 {points} 個百分點",
        as_usual="和平常差不多",
        viewers_usual="平常是 {mean} 位觀眾",
        too_few_streams="至少要有 3 場 10 分鐘以上的直播才能比較；目前有 {count} 場。",
        nothing="沒有任何一秒的觀眾多到可以公布比例。",
        between="介於 {low} 到 {high}",
        chart="七種表情的變化",
        chart_label="七種表情在整場直播中所占比例的折線圖。下方的表格有相同的數字。",
        chart_help=(
            "拖曳可以放大一段；按住 Ctrl 滾動滾輪可以縮放，按兩下顯示整場。"
            "鍵盤：方向鍵移動，Page Up 和 Page Down 翻頁，+ 和 - 縮放，0 顯示整場。"
        ),
        need_script="圖表需要 JavaScript。其他數字都在下方。",
        unit="單位",
        fitting="自動",
        shown_part="顯示範圍",
        page_label="頁數",
        earlier="往前",
        later="往後",
        zoom_in="放大",
        zoom_out="縮小",
        sheet="存成 CSV",
        picture="存成 PNG",
        lines="線條",
        numbers="用表格看",
        time="時間",
        counted="有比例的秒數",
        band=(
            "色帶是你指到的表情的 90% 範圍，由參與人數算出。"
            "系統不保存每張臉看得多清楚，所以實際範圍可能再寬一點。有底紋的地方沒有數據。"
        ),
        shares="整場直播的比例",
        shares_note="觀眾夠多的每一秒都一樣重要。細線是 90% 範圍，刻痕是平常的比例。",
        expression="表情",
        share="比例",
        interval="90% 範圍",
        usual="平常",
        difference="高出（百分點）",
        strongest="最強烈的一秒",
        peak_at="{share}，在 {time}（{viewers} 位觀眾）",
        moments="精彩時刻",
        moments_note="某種表情開始明顯的時刻：比整場平均高出至少 10 個百分點。",
        no_moments="沒有哪種表情高出 10 個百分點。",
        jump="在圖表中顯示 {time}",
        copy="複製",
        lead="提早幾秒開始",
        lead_note="觀眾看到的畫面會慢幾秒，表情又更晚一點。",
        chapters="可以貼到影片說明的章節",
        looks_like="看起來{looks} {share}",
        gaps="沒有數據的部分",
        gaps_note="整場 {duration}，其中 {length}沒有比例（{part}）。",
        no_gaps="沒有缺少任何數據：每一刻的觀眾都夠多。",
        few="觀眾太少，不公布比例",
        away="沒有人分享、LERA 休息中，或機器人離線",
        more_gaps="還有 {count} 段較短的",
        all_streams="所有直播",
        streams="其他直播",
        streams_note="選一場直播來看它的故事。",
        no_streams="還沒有任何直播的紀錄。先開一場直播，過一陣子再回來。",
        this_one="這一場",
        newer="較新",
        older="較舊",
        take_along="帶走數據",
        take_along_commands="在 LERA 的資料夾執行：{commands}",
        offline="離線網頁",
        date="日期",
        title="標題",
        channel="頻道",
        no_disk="這場直播不保存紀錄；請看 config.toml 的 [history]。",
        dashboard="控制台",
        percent="{number}%",
        span="{from} 到 {to}",
        share_between="{expression} {share}（{low} 到 {high}）",
        point_footer="{viewers} 位觀眾 · {unit} 秒中有 {counted} 秒有比例",
        shown="目前顯示 {from} 到 {to}，每一點是 {unit}。",
        page="第 {number}／{count} 頁：{from} 到 {to}",
        whole="整場直播",
        of="{counted}／{unit}",
        more="共 {count} 列，這裡是前 {most} 列。放大就能看到其他的。",
        copied="已複製。",
        not_copied="無法複製。文字已經選取，請按 Ctrl+C。",
        start="開始",
        units={10: "10 秒", 60: "1 分鐘", 600: "10 分鐘", 1800: "30 分鐘"},
        lengths={
            180: "3 分鐘",
            600: "10 分鐘",
            1800: "30 分鐘",
            3600: "1 小時",
            10800: "3 小時",
            18000: "5 小時",
            36000: "10 小時",
            86400: "24 小時",
        },
    ),
}
