"""What the report says of the streamer's side, in each language."""

from typing import Final

from msgspec import Struct

from bot.disagreement import Side
from bot.language import LanguageName


class FollowingWords(Struct, frozen=True):
    """One language. Templates take the names in braces."""

    heading: str
    note: str
    score: str
    range: str
    of: str
    nothing: str
    lag: str
    seconds: str
    no_lag: str
    best: str
    best_of: str
    no_best: str
    own: str
    not_kept: str
    chart: str
    emotions: str
    emotions_note: str
    disputes: str
    more: str
    dashed: str
    own_line: str
    cause: str
    said: str
    joint: str
    sides: dict[Side, str]


FOLLOWING: Final[dict[LanguageName, FollowingWords]] = {
    "en": FollowingWords(
        heading="Resonance: the streamer and the crowd",
        note=(
            "How far the crowd's changes followed the streamer's, over the five minutes before each moment, 0 to 100, "
            "with its 90 % range. It tells of faces and words that moved together, not of who caused what."
        ),
        score="Resonance on average",
        range="90 % range: {low} to {high}",
        of="clearer than chance in {part} of its {length}",
        nothing="Too little was known of both to compare them.",
        lag="The crowd's lag",
        seconds="{number} s",
        no_lag="It was never clearer than chance.",
        best="Most in step",
        best_of="{score}, with {lag} s of lag",
        no_best="No five minutes were clearer than chance.",
        own="The streamer looked",
        not_kept="The streamer's own mood was not kept.",
        chart="Resonance over the stream: mean {score} of 100",
        emotions="By expression",
        emotions_note="Of the five minutes that were clearer than chance.",
        disputes="Where they said different things",
        more="and {count} more",
        dashed="Dashed: the streamer's own line of that expression.",
        own_line="Streamer: {expression}",
        cause="{phrase} ({said})",
        said="{side}: {expression}",
        joint=", ",
        sides={"streamer": "streamer", "faces": "faces", "chat": "chat"},
    ),
    "zh-TW": FollowingWords(
        heading="共鳴：主播和觀眾",
        note=(
            "觀眾的變化有多少跟著主播的變化：每一刻之前五分鐘的分數，0 到 100，附 90% 範圍。"
            "它只說明表情和文字一起變化，不代表誰影響了誰。"
        ),
        score="平均共鳴",
        range="90% 範圍：{low} 到 {high}",
        of="{length}中有 {part} 比巧合明顯",
        nothing="雙方的資料太少，無法比較。",
        lag="觀眾的延遲",
        seconds="{number} 秒",
        no_lag="一直都不比巧合明顯。",
        best="最同步的時候",
        best_of="{score}，延遲 {lag} 秒",
        no_best="沒有任何五分鐘比巧合明顯。",
        own="主播看起來",
        not_kept="沒有保存主播自己的表情。",
        chart="整場直播的共鳴：平均 {score}，滿分 100",
        emotions="各種表情",
        emotions_note="只計入比巧合明顯的五分鐘。",
        disputes="看法不同的地方",
        more="還有 {count} 處",
        dashed="虛線是主播自己的同一種表情。",
        own_line="主播：{expression}",
        cause="{phrase}（{said}）",
        said="{side}{expression}",
        joint="、",
        sides={"streamer": "主播", "faces": "鏡頭", "chat": "聊天室"},
    ),
}
