"""A queue of uploads on a page, with transfers that the test itself moves along.

Rule: nothing is sent, and time is what the test says.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Page

# A queue whose transfers do what `step(index, "sent" | "kept" | "stored" | "failed" | "verified", value)`
# says, and keep a diary of what they are asked; on a clock of its own. A failure with a `why` passes.
BENCH = """async (base) => {
    const { Queue } = await import(base.replace("page.js", "upload/queue.js"));
    const { Task } = await import(base.replace("page.js", "upload/task.js"));
    const reports = new Map();
    const bench = { clock: 0, diary: [], waits: [], together: 1, batches: [] };
    const transferOf = (task, report) => {
        reports.set(task, report);
        const note = (what) => () => bench.diary.push(`${what} ${task.path}`);
        return { start: note("start"), stop: note("stop"), drop: note("drop") };
    };
    const obstacleOf = ({ why }, attempts) =>
        why ? { why, over: new Promise((over) => bench.waits.push({ over, attempts })) } : null;
    const batches = {
        gather: (tasks) => tasks.slice(0, tasks[0].isSmall ? bench.together : 1).filter((task) => task.isSmall === tasks[0].isSmall),
        isForAll: ({ isForAll }) => isForAll,
        transferOf: (tasks, report) => {
            bench.batches.push({ tasks, report });
            const note = (what) => (task) => bench.diary.push(`${what} ${task?.path ?? tasks.length}`);
            return { start: note("start"), leave: note("leave") };
        },
    };
    bench.queue = new Queue(transferOf, obstacleOf, () => bench.clock, batches);
    bench.refuse = (index, failure = {}) => bench.batches[index].report.failed(bench.batches[index].tasks, failure);
    bench.arrive = (index) => bench.batches[index].report.stored(bench.batches[index].tasks.map((task) => [task, {}]));
    bench.take = (...sizes) => {
        const tasks = sizes.map((size, index) => new Task({ size }, `${index}:${size}`));
        bench.queue.add(tasks);
        return tasks;
    };
    bench.add = (...sizes) => bench.queue.release(bench.take(...sizes));
    bench.states = () => bench.queue.tasks.map((task) => task.state);
    bench.step = (index, what, value) => reports.get(bench.queue.tasks[index])[what](value);
    bench.stored = (index) => bench.step(index, "stored", { path: "p" });
    window.bench = bench;
}"""


def open_queue(context: BrowserContext) -> Page:
    """Return a page with a queue to work on as `bench`."""
    page = context.new_page()
    page.goto("/login")
    page.evaluate(BENCH, page.evaluate("document.querySelector('script[type=module]').src"))
    return page


def run(page: Page, script: str) -> Any:
    """Run statements on the bench; the last one is an expression in `return`."""
    names = "queue, states, step, add, take, stored, diary, waits, batches, refuse, arrive"
    return page.evaluate(f"async () => {{ const {{ {names} }} = bench; {script} }}")
