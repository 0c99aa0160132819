"""What pictures say, in each of the overlay's languages. They speak of expressions, never of what somebody feels."""

# ruff: noqa: RUF001 - Chinese has its own commas and brackets.

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from model.emotions import EMOTIONS

Language = Literal["en", "zh-TW"]


class Words(Struct, frozen=True):
    """One language. Templates take the names in braces; the first block is the overlay's (tests hold them equal)."""

    title: str
    looking: str
    crowd: str
    connecting: str
    stale: str
    reconnecting: str
    resting: str
    gathering: str
    viewer: str
    viewers: str
    chatters: str
    face: str
    faces: str
    trend: dict[str, str]
    expressions: dict[str, str]
    notice: str

    card_title: str
    leading: str
    too_few: str
    peaks: str
    most_viewers: str
    day: str
    hours: str
    minutes: str
    footer: str

    def voters(self, faces: int, chatters: int) -> str:
        """Whose votes count while chat is among them."""
        told = (self.face if faces == 1 else self.faces).format(count=faces) if faces else ""
        return told + self.chatters.format(count=chatters)

    def number(self, viewers: int) -> str:
        """How many viewers count."""
        return (self.viewer if viewers == 1 else self.viewers).format(count=viewers)

    def length(self, seconds: float) -> str:
        """A length of time, to the minute."""
        hours, minutes = divmod(round(seconds / 60), 60)
        return self.hours.format(hours=hours, minutes=minutes) if hours else self.minutes.format(minutes=minutes)

    def date(self, when: datetime) -> str:
        """A day."""
        return self.day.format(day=when.day, month=when.month, name=_MONTHS[when.month - 1], year=when.year)


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _seven(*names: str) -> dict[str, str]:
    return dict(zip(EMOTIONS, names, strict=True))


LANGUAGES: Final[dict[Language, Words]] = {
    "en": Words(
        title="Crowd expressions",
        looking="The crowd looks",
        crowd="Crowd looks",
        connecting="Connecting…",
        stale="No signal",
        reconnecting="Reconnecting…",
        resting="Resting for a while",
        gathering="Gathering the crowd ({have} of {need})",
        viewer="1 viewer",
        viewers="{count} viewers",
        chatters="{count} in chat",
        face="1 face · ",
        faces="{count} faces · ",
        trend={"rising": "rising", "falling": "falling", "steady": "steady"},
        expressions=_seven("Happy", "Sad", "Neutral", "Angry", "Surprised", "Disgusted", "Fearful"),
        notice="Expressions read by a model, with viewers' consent",
        card_title="The crowd of {channel}",
        leading="{expression} most of all",
        too_few="Not enough viewers shared",
        peaks="Peaks",
        most_viewers="up to {viewers}",
        day="{day} {name} {year}",
        hours="{hours} h {minutes:02} min",
        minutes="{minutes} min",
        footer="Expressions that faces and words show, read by a model that errs: not what anybody feels.",
    ),
    "zh-TW": Words(
        title="觀眾的表情",
        looking="觀眾看起來",
        crowd="看起來",
        connecting="連線中…",
        stale="沒有訊號",
        reconnecting="重新連線中…",
        resting="休息一下",
        gathering="正在等觀眾加入（{have}／{need}）",
        viewer="1 位觀眾",
        viewers="{count} 位觀眾",
        chatters="聊天室 {count} 位",
        face="鏡頭 1 位 · ",
        faces="鏡頭 {count} 位 · ",
        trend={"rising": "上升", "falling": "下降", "steady": "持平"},
        expressions=_seven("開心", "難過", "中性", "生氣", "驚訝", "厭惡", "害怕"),
        notice="表情由模型判讀，已取得觀眾同意",
        card_title="{channel} 的觀眾",
        leading="{expression}居多",
        too_few="分享表情的觀眾還不夠多",
        peaks="高峰",
        most_viewers="最多 {viewers}",
        day="{year} 年 {month} 月 {day} 日",
        hours="{hours} 小時 {minutes} 分",
        minutes="{minutes} 分鐘",
        footer="這是模型從臉部與文字讀到的表情，可能有誤，也不代表任何人的感受。",
    ),
}
