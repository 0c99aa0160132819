"""What the demo measured, in a few lines."""

from bot.show import Show
from demo.agent import DemoAgent


def summary(show: Show, agent: DemoAgent | None) -> str:
    """Readings in and dropped, chat, lag from camera to overlay, cost of the agent."""
    counts = show.desk.counts
    dropped = {name: count for name, count in counts.items() if name.startswith(("dropped", "refused"))}
    causes = f" ({', '.join(f'{count} {name}' for name, count in sorted(dropped.items()))})" if dropped else ""
    lines = [
        "",
        f"Summary of {show.now() - show.begun:.0f} seconds",
        f"  readings taken in:    {counts['readings']}",
        f"  dropped or refused:   {sum(dropped.values())}{causes}",
        f"  viewers that joined:  {counts['joined']}",
        f"  chat:                 {_chat(show)}",
    ]
    lags = sorted(show.lag.seconds)
    if lags:
        p50, p95 = (1000 * lags[min(len(lags) - 1, round(part * (len(lags) - 1)))] for part in (0.5, 0.95))
        lines.append(
            f"  camera to overlay:    p50 {p50:.0f} ms, p95 {p95:.0f} ms, over {len(lags)} readings of the agent"
        )
    else:
        lines.append("  camera to overlay:    not measured: no reading of the agent arrived")
    if agent is not None and agent.cpu_share is not None:
        lines.append(f"  agent:                {100 * agent.cpu_share:.1f} % of one core, after its start")
    if agent is not None and agent.fault is not None:
        lines.append(f"  agent:                {agent.fault}; run `python run.py doctor`")
    if show.streamer_side.seen:
        lines.append(f"  resonance:            {_resonance(show)}")
    peak = show.peaks.strongest()
    if peak is not None:
        lines.append(f"  strongest moment:     {peak.emotion} at {100 * peak.share:.0f} %")
    return "\n".join(lines)


def _resonance(show: Show) -> str:
    found = show.streamer_side.resonance.state(show.now())
    if found.score is None or found.low is None or found.high is None:
        return "not known yet; it takes some three minutes of streamer and crowd"
    told = f"{found.score:.0f} of 100 ({found.low:.0f} to {found.high:.0f})"
    if found.lag is None:
        return f"{told}, which may be chance"
    return f"{told}, the crowd {found.lag:.1f} s behind the streamer"


def _chat(show: Show) -> str:
    if show.chat.fault is not None:
        return "not read"
    counts = show.chat.counts
    waiting = counts["heard"] - counts["read"] - counts["unsure"] - counts["dropped"] - counts["failed"]
    others = {"that said nothing": counts["unsure"], "dropped": counts["dropped"], "failed": counts["failed"]}
    others["not read in time"] = waiting
    rest = "".join(f", {count} {name}" for name, count in others.items() if count)
    return f"{counts['read']} of {counts['heard']} messages read{rest}"
