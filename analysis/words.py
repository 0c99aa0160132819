"""What the page of a file says, in each language; what it shares with the story stands in `bot.report.words`."""

# ruff: noqa: RUF001 - Chinese has its own commas and brackets.

from typing import Final

from msgspec import Struct

from bot.language import LanguageName


class Words(Struct, frozen=True):
    """One language. Templates take the names in braces. The last block is the page's own program's."""

    page: str
    notice: str
    kind: str
    kinds: dict[str, str]
    length: str
    sentence: str
    sentences: str
    early: str

    fused: str
    modalities: dict[str, str]
    known: dict[str, str]
    known_sentences: str
    absences: dict[str, str]
    leading: str
    nothing: str
    mean: str

    chart: str
    chart_label: str
    band: str
    position: str
    line: str
    no_number: str

    shares: str
    shares_note: str
    shares_note_sentences: str
    notch: str
    strongest: str
    peak_at: str
    peak_at_sentence: str

    moments: str
    moments_note: str
    no_moments: str
    jump_sentence: str

    compared: str
    no_streams: str
    too_few: str
    usual_of: str
    usual_parts: str
    between: str
    own: str

    notes: str
    accuracy: str
    accuracies: dict[str, str]
    lag: str
    lag_sentences: str
    privacy: str
    judging: str
    take_along: str

    share_alone: str
    point_footer: str
    shown: str
    whole: str
    counted: str
    units: dict[int, str]
    lengths: dict[int, str]


PROGRAM: Final = ("share_alone", "point_footer", "shown", "whole", "modalities", "no_number")
"""The words that the page's own program needs, beside the story's."""


WORDS: Final[dict[LanguageName, Words]] = {
    "en": Words(
        page="What a file shows",
        notice="Expressions that a face, a voice or words show, guessed by models that err: not what anybody feels.",
        kind="Kind",
        kinds={"video": "Video", "sound": "Sound", "text": "Text", "subtitles": "Subtitles"},
        length="Length",
        sentence="1 sentence",
        sentences="{count} sentences",
        early="The file ends at {length}, though it claims {claimed}; it may be cut off.",
        fused="All together",
        modalities={"face": "Face", "voice": "Voice", "words": "Words"},
        known={
            "face": "of the time a face could be read",
            "voice": "of the time there was a voice to read",
            "words": "of the time there were words to read",
        },
        known_sentences="of the sentences could be read",
        absences={
            "no_stream": "not in this file",
            "left_out": "left out, as you asked",
            "no_words": "no speech recognition here",
            "nothing": "nothing that could be read",
        },
        leading="Shown most",
        nothing="Nothing in this file could be read.",
        mean="mean of all that was read",
        chart="The timeline",
        chart_label="Line chart: the shares of the seven expressions over the file, {name}. The table below has them.",
        band="Shaded stretches have no numbers: nothing was to be read there, and no line crosses them.",
        position="Sentence",
        line="Line",
        no_number="–",
        shares="Shares of the whole file",
        shares_note="Every second that was read counts the same.",
        shares_note_sentences="Every sentence that was read counts the same.",
        notch=" Notch: the channel's usual.",
        strongest="Strongest",
        peak_at="{share} at {time}",
        peak_at_sentence="{share} in sentence {time} (line {line})",
        moments="Strongest moments",
        moments_note="Where an expression stood at least 10 points above the file's own mean.",
        no_moments="No expression stood out by 10 points.",
        jump_sentence="Show sentence {time} (line {line}) in the chart",
        compared="Against the channel's usual",
        no_streams="There are no earlier streams with your own mood in this machine's history to compare with.",
        too_few="Your usual takes 3 earlier streams with 10 minutes of your own mood; there are {count} so far.",
        usual_of="Your usual is the mean of {count} earlier streams of {channel}.",
        usual_parts="It was read from: {parts}. This file: {now}.",
        between=", ",
        own="Compared is with this channel's own streams alone, never with other people.",
        notes="What to make of it",
        accuracy="How often each reader is right on what it had never met, by its model card:",
        accuracies={
            "face": "faces: {part} of the test pictures (FER+). It follows the largest face and no other.",
            "voice": "voices: {part} of acted test sentences (RAVDESS) with noise; free speech is harder.",
            "words": "words: {part} of test texts (Reddit). It reads English alone.",
        },
        lag=(
            "Each point tells of the seconds before it: about two for a face, up to eight for a voice, and words fade. "
            "Speech recognition gets many words wrong."
        ),
        lag_sentences="Each sentence is read by itself, without those before it. Irony is taken at its word.",
        privacy="Read on this machine; nothing has left it. No picture, sound or word of the file is on this page.",
        judging=(
            "Not for judging people. Do not use it at work, in school or in job interviews, where the EU's AI Act "
            "forbids reading emotions."
        ),
        take_along="The numbers as files, from LERA's folder: {commands}",
        share_alone="{expression} {share}",
        point_footer="{counted} of {unit} read",
        shown="Shown: {from} to {to}. One point is {unit}.",
        whole="the whole file",
        counted="Read",
        units={1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min"},
        lengths={10: "10 s", 30: "30 s", 60: "1 min", 180: "3 min", 600: "10 min", 1800: "30 min", 3600: "1 h"},
    ),
    "zh-TW": Words(
        page="檔案裡的表情",
        notice="這是模型從臉部、聲音或文字猜測的表情，可能有誤，也不代表任何人的感受。",
        kind="種類",
        kinds={"video": "影片", "sound": "錄音", "text": "文字", "subtitles": "字幕"},
        length="長度",
        sentence="1 句",
        sentences="{count} 句",
        early="檔案標示長度為 {claimed}，但在 {length} 就結束了，可能不完整。",
        fused="綜合",
        modalities={"face": "臉部", "voice": "聲音", "words": "話語"},
        known={"face": "的時間讀得到臉", "voice": "的時間有聲音可讀", "words": "的時間有話語可讀"},
        known_sentences="的句子讀得懂",
        absences={
            "no_stream": "檔案裡沒有",
            "left_out": "依你的選擇略過",
            "no_words": "這台電腦沒有語音辨識",
            "nothing": "沒有讀得到的內容",
        },
        leading="最常出現",
        nothing="這個檔案沒有任何讀得到的內容。",
        mean="所有讀到部分的平均",
        chart="時間軸",
        chart_label="七種表情在檔案中所占比例的折線圖（{name}）。下方的表格有相同的數字。",
        band="有底紋的地方沒有數據：那裡沒有可讀的內容，線條也不會穿過。",
        position="句",
        line="行",
        no_number="–",
        shares="整個檔案的比例",
        shares_note="讀到的每一秒都一樣重要。",
        shares_note_sentences="讀到的每一句都一樣重要。",
        notch="刻痕是頻道平常的比例。",
        strongest="最強烈",
        peak_at="{share}，在 {time}",
        peak_at_sentence="{share}，第 {time} 句（第 {line} 行）",
        moments="最強烈的時刻",
        moments_note="某種表情比整個檔案的平均高出至少 10 個百分點的地方。",
        no_moments="沒有哪種表情高出 10 個百分點。",
        jump_sentence="在圖表中顯示第 {time} 句（第 {line} 行）",
        compared="和頻道平常相比",
        no_streams="這台電腦的紀錄裡，還沒有包含你本人心情的直播可以比較。",
        too_few="至少要有 3 場、各 10 分鐘以上包含你本人心情的直播才能比較；目前有 {count} 場。",
        usual_of="「平常」是 {channel} 之前 {count} 場直播的平均。",
        usual_parts="平常的來源：{parts}。這個檔案：{now}。",
        between="、",
        own="只和這個頻道自己的直播比較，從不和其他人比較。",
        notes="如何看待這些數字",
        accuracy="各模型在從未見過的測試資料上答對的比例（見模型卡）：",
        accuracies={
            "face": "臉部：測試照片（FER+）的 {part}。只看最大的那張臉。",
            "voice": "聲音：加了雜音的演出測試句子（RAVDESS）的 {part}；自然說話更難。",
            "words": "話語：測試文字（Reddit）的 {part}。只讀得懂英文。",
        },
        lag="每一點說的是它之前的幾秒：臉約兩秒，聲音最多八秒，話語會逐漸淡去。語音辨識會聽錯不少字。",
        lag_sentences="每一句都單獨判讀，不看前文；反話會照字面理解。",
        privacy="全部在這台電腦上讀取，沒有任何內容離開。這一頁不含檔案裡的畫面、聲音或文字。",
        judging="請勿用來評斷他人，也不要用在職場、學校或面試：歐盟人工智慧法禁止在這些場合判讀情緒。",
        take_along="把數據存成檔案，在 LERA 的資料夾執行：{commands}",
        share_alone="{expression} {share}",
        point_footer="{unit} 點中讀到 {counted} 點",
        shown="目前顯示 {from} 到 {to}，每一點是 {unit}。",
        whole="整個檔案",
        counted="讀到",
        units={1: "1 秒", 10: "10 秒", 60: "1 分鐘", 600: "10 分鐘"},
        lengths={
            10: "10 秒",
            30: "30 秒",
            60: "1 分鐘",
            180: "3 分鐘",
            600: "10 分鐘",
            1800: "30 分鐘",
            3600: "1 小時",
        },
    ),
}


def units_of(language: LanguageName, units: tuple[int, ...], counts: bool) -> dict[int, str]:
    """The chart's units in words: stretches of time, or numbers of sentences (`counts`)."""
    words = WORDS[language]
    if not counts:
        return {unit: words.units[unit] for unit in units}
    return {unit: words.sentence if unit == 1 else words.sentences.format(count=unit) for unit in units}
