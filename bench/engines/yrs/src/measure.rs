//! How long one operation takes and how much memory it needs: measure.mjs, which says what the figures mean, in Rust.

const SAMPLE_MS: f64 = 5.0;
const SAMPLES_MAX: usize = 50;

#[derive(Clone, Copy)]
pub struct Repeat {
    pub budget_ms: f64,
    /// One context serves all runs.
    pub reuse: bool,
    /// Contexts held at once.
    pub most: usize,
}

/// CPU time of the process so far.
fn cpu_ms() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A line of /proc/self/status, which has kilobytes.
fn status(name: &str) -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default();
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
        * 1024
}

pub fn resident_bytes() -> usize {
    status("VmRSS:")
}

/// What the allocator has handed out, with its own bookkeeping.
pub fn heap_bytes() -> usize {
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

/// Runs `run` on contexts that `prepare` makes outside the clock, and prints the figures.
pub fn measure<C>(repeat: Repeat, prepare: impl Fn() -> C, run: impl Fn(&C) -> usize) {
    let first = prepare();
    // Not allowed everywhere: the peak then includes that of reading the fixture.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let resident = resident_bytes();
    let start = cpu_ms();
    let output = run(&first);
    let first_ms = cpu_ms() - start;
    let peak = status("VmHWM:").saturating_sub(resident);
    let kept = repeat.reuse.then_some(first);

    let most = if repeat.reuse { 1000 } else { repeat.most };
    let runs = ((SAMPLE_MS / (first_ms / 4.0).max(0.005)) as usize + 1).clamp(1, most);
    let mut samples = Vec::new();
    let begin = cpu_ms();
    while first_ms < repeat.budget_ms && samples.len() < SAMPLES_MAX && cpu_ms() - begin < repeat.budget_ms {
        let contexts: Vec<C> = if repeat.reuse {
            Vec::new()
        } else {
            (0..runs).map(|_| prepare()).collect()
        };
        let start = cpu_ms();
        for i in 0..runs {
            std::hint::black_box(run(kept.as_ref().unwrap_or_else(|| &contexts[i])));
        }
        samples.push((cpu_ms() - start) / runs as f64);
    }
    samples.sort_by(f64::total_cmp);
    let median = if samples.is_empty() {
        first_ms
    } else {
        samples[(samples.len() - 1) / 2]
    };
    println!(
        "{{\"median_ms\":{median:.6},\"first_ms\":{first_ms:.6},\"samples\":{},\"peak_bytes\":{peak},\"output_bytes\":{output}}}",
        samples.len()
    );
}

pub fn print_memory(documents: usize, held_bytes: f64, rss_bytes: f64) {
    println!("{{\"documents\":{documents},\"held_bytes\":{held_bytes:.1},\"rss_bytes\":{rss_bytes:.1}}}");
}

pub fn print_skip(why: &str) {
    println!("{{\"skip\":\"{why}\"}}");
}
