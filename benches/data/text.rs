//! Words and sentences by chance that is none: the same calls give the same text.

/// How many different words there are.
const VOCABULARY: usize = 6_000;
/// The words that stand first, and so are used most.
const COMMON: &str = "the of a and is to in for with on by at must not be from each its after under \
    system test value limit sensor power thermal load signal control data time mode rate command \
    telemetry pressure temperature voltage current flight ground software driver buffer queue port \
    message event channel parameter component interface requirement design review analysis result \
    margin mass torque vibration shock mirror lens frame bracket bolt seal valve pump motor bearing \
    gear cable connector board processor memory clock timer watchdog fault recovery safe startup \
    shutdown calibration accuracy drift noise gain loop filter threshold range";
const STARTS: [&str; 24] = [
    "b", "br", "c", "cr", "d", "dr", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "pl", "r", "s",
    "st", "t", "tr", "v", "w", "z",
];
const MIDDLES: [&str; 10] = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou", "y"];
const ENDS: [&str; 12] = ["n", "r", "s", "t", "l", "m", "ck", "nd", "st", "x", "ng", ""];

/// A vocabulary, and the numbers by which words are chosen.
pub struct Words {
    words: Vec<String>,
    state: u64,
}

impl Words {
    pub fn new() -> Self {
        let mut made = Self { words: Vec::new(), state: 42 };
        made.words.extend(COMMON.split_whitespace().map(str::to_owned));
        while made.words.len() < VOCABULARY {
            let syllables = 2 + made.below(2);
            let word: String = (0..syllables).map(|_| made.syllable()).collect();
            made.words.push(word);
        }
        made
    }

    fn syllable(&mut self) -> String {
        let [start, middle, end] =
            [self.below(STARTS.len()), self.below(MIDDLES.len()), self.below(ENDS.len())];
        format!("{}{}{}", STARTS[start], MIDDLES[middle], ENDS[end])
    }

    /// The next number of SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below the limit, each as often as the others.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    /// A number below the limit, the n-th about 1/n as often as the first (Zipf's law).
    pub fn skewed(&mut self, limit: usize) -> usize {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let place = ((limit as f64 + 1.0).ln() * part).exp() - 1.0;
        (place as usize).min(limit.saturating_sub(1))
    }

    pub fn word(&mut self) -> &str {
        let place = self.skewed(self.words.len());
        &self.words[place]
    }

    pub fn capital(&mut self) -> String {
        let word = self.word();
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    }

    pub fn sentence(&mut self, words: usize) -> String {
        let mut text = self.capital();
        for _ in 1..words {
            let word = self.word().to_owned();
            text.push(' ');
            text.push_str(&word);
        }
        text.push('.');
        text
    }
}
