//! Secrets that can be told by how they begin: keys in armour, and tokens with a prefix.

use std::ops::Range;

use super::SecretMatch;
use super::named::JUDGED;

/// What follows a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// At least so many characters of an alphabet.
    Run(Alphabet, usize),
    /// The rest of the line that heads a private key, and all that comes after it.
    Armour,
    /// Three parts of base64url, the first two of them JSON objects.
    WebToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// `A` to `Z` and digits; no more and no fewer than asked for.
    Upper,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, with `.`.
    Dotted,
    /// As `Url`, with `/`.
    Path,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => Self::Url.has(byte) || byte == b'.',
            Self::Path => Self::Url.has(byte) || byte == b'/',
        }
    }

    fn run(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.has(**byte)).count()
    }
}

/// A kind of secret, by how it begins.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub prefix: &'static str,
    kind: &'static str,
    body: Body,
}

const fn run(kind: &'static str, prefix: &'static str, alphabet: Alphabet, least: usize) -> Shape {
    Shape { prefix, kind, body: Body::Run(alphabet, least) }
}

const AWS: &str = "an AWS access key id";
const DIGITALOCEAN: &str = "a DigitalOcean token";
const GITHUB: &str = "a GitHub token";
const GITLAB: &str = "a GitLab token";
const OPENAI: &str = "an OpenAI API key";
const PRIVATE_KEY: &str = "a private key";
const SLACK: &str = "a Slack token";
const STRIPE: &str = "a Stripe key";

use Alphabet::{Alphanumeric, Dotted, Path, Upper, Url};

/// What issuers say of their tokens; docs/hostile-input.md names where. Lengths are those of the
/// shortest that is issued, or a little less where nobody says.
pub const SHAPES: [Shape; 52] = [
    Shape { prefix: "-----BEGIN ", kind: PRIVATE_KEY, body: Body::Armour },
    run(PRIVATE_KEY, "PuTTY-User-Key-File-", Alphanumeric, 1),
    run("an age secret key", "AGE-SECRET-KEY-1", Alphanumeric, 50),
    Shape { prefix: "eyJ", kind: "a JSON Web Token", body: Body::WebToken },
    run(AWS, "AKIA", Upper, 16),
    run(AWS, "ASIA", Upper, 16),
    run(AWS, "ABIA", Upper, 16),
    run(AWS, "ACCA", Upper, 16),
    run(GITHUB, "ghp_", Url, 36),
    run(GITHUB, "gho_", Url, 36),
    run(GITHUB, "ghu_", Url, 36),
    run(GITHUB, "ghs_", Dotted, 36),
    run(GITHUB, "ghr_", Url, 36),
    run(GITHUB, "github_pat_", Url, 36),
    run(GITLAB, "glpat-", Dotted, 20),
    run(GITLAB, "gldt-", Dotted, 20),
    run(GITLAB, "glrt-", Dotted, 20),
    run(GITLAB, "glcbt-", Dotted, 20),
    run(GITLAB, "glptt-", Dotted, 20),
    run(GITLAB, "glft-", Dotted, 20),
    run(GITLAB, "glsoat-", Dotted, 20),
    run(GITLAB, "gloas-", Dotted, 20),
    run(GITLAB, "glagent-", Dotted, 20),
    run(GITLAB, "glimt-", Dotted, 20),
    run(SLACK, "xoxa-", Url, 20),
    run(SLACK, "xoxb-", Url, 20),
    run(SLACK, "xoxc-", Url, 20),
    run(SLACK, "xoxe-", Url, 20),
    run(SLACK, "xoxe.xoxp-", Url, 20),
    run(SLACK, "xoxp-", Url, 20),
    run(SLACK, "xoxr-", Url, 20),
    run(SLACK, "xoxs-", Url, 20),
    run(SLACK, "xapp-", Url, 20),
    run("a Slack webhook", "hooks.slack.com/services/", Path, 30),
    run("a Google API key", "AIza", Url, 35),
    run("a Google client secret", "GOCSPX-", Url, 24),
    run("a Google access token", "ya29.", Url, 50),
    run(STRIPE, "sk_live_", Alphanumeric, 20),
    run(STRIPE, "rk_live_", Alphanumeric, 20),
    run(STRIPE, "whsec_", Alphanumeric, 24),
    run("an Anthropic API key", "sk-ant-", Url, 40),
    run(OPENAI, "sk-proj-", Url, 40),
    run(OPENAI, "sk-svcacct-", Url, 40),
    run(OPENAI, "sk-", Alphanumeric, 32),
    run("an npm token", "npm_", Alphanumeric, 36),
    run("a PyPI token", "pypi-AgE", Url, 50),
    run("a Hugging Face token", "hf_", Alphanumeric, 34),
    run("a Docker token", "dckr_pat_", Url, 20),
    run("a SendGrid key", "SG.", Dotted, 60),
    run(DIGITALOCEAN, "dop_v1_", Alphanumeric, 64),
    run(DIGITALOCEAN, "doo_v1_", Alphanumeric, 64),
    run("a Vault token", "hvs.", Url, 24),
];

impl Shape {
    /// The secret that begins at the word, in the case of the prefix, if it is one.
    pub fn found(&self, text: &str, word: Range<usize>) -> Option<SecretMatch> {
        if text.get(word.clone()) != Some(self.prefix) || inside_a_word(text, word.start) {
            return None;
        }
        let rest = &text.as_bytes()[word.end..];
        let length = match self.body {
            Body::Run(alphabet, least) => run_length(alphabet, least, rest)?,
            Body::Armour => armour_length(&text[word.end..])?,
            Body::WebToken => web_token_length(rest)?,
        };
        Some(SecretMatch { kind: self.kind, range: word.start..word.end + length })
    }
}

/// Whether the text goes on to the left: then what begins here is the middle of something else.
fn inside_a_word(text: &str, start: usize) -> bool {
    text[..start].bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric())
        // What an escape in JSON ends with is no letter of the text.
        && !text[..start].ends_with("\\n")
        && !text[..start].ends_with("\\t")
        && !text[..start].ends_with("\\r")
}

fn run_length(alphabet: Alphabet, least: usize, rest: &[u8]) -> Option<usize> {
    let judged = alphabet.run(&rest[..rest.len().min(JUDGED)]);
    let fits = if alphabet == Alphabet::Upper { judged == least } else { judged >= least };
    let body = std::str::from_utf8(&rest[..judged]).ok()?;
    let goes_on =
        rest.get(judged).is_some_and(|next| !alphabet.has(*next) && next.is_ascii_alphanumeric());
    // A key in armour of another program needs no randomness to be one.
    let real = fits && !goes_on && (least == 1 || !is_made_up(body));
    real.then(|| alphabet.run(rest))
}

/// Bits a character below which a token stands for one: a real one of 16 characters has over 3.
const LEAST_BITS: f64 = 2.5;

/// Whether the body of a token only shows where one would stand.
fn is_made_up(body: &str) -> bool {
    super::named::bits_a_character(body) < LEAST_BITS || super::named::is_placeholder(body)
}

/// Characters in which a line ends that heads a private key.
const LABEL: usize = 48;

fn armour_length(rest: &str) -> Option<usize> {
    let head: String = rest.chars().take(LABEL).collect();
    let label = &head[..head.find("-----")?];
    if !(label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK")) {
        return None;
    }
    // What comes after it is the key, to the end of the text if its end is not there.
    let end = rest.find("-----END ").and_then(|end| {
        let label = &rest[end + "-----END ".len()..];
        label.find("-----").map(|dashes| rest.len() - label.len() + dashes + "-----".len())
    });
    Some(end.unwrap_or(rest.len()))
}

/// Fewest characters of a part of a web token, and most of its first part.
const PART: usize = 10;
const HEAD: usize = 1_024;

fn web_token_length(rest: &[u8]) -> Option<usize> {
    let head = Url.run(&rest[..rest.len().min(HEAD)]);
    let claims = rest.get(head..)?.strip_prefix(b".eyJ")?;
    let body = Url.run(claims);
    let seal = claims.get(body..)?.strip_prefix(b".")?;
    let length = Url.run(seal);
    let long = [head, body, length].iter().all(|part| *part >= PART);
    long.then_some(head + ".eyJ".len() + body + ".".len() + length)
}
