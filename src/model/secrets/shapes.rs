//! Secrets that are detected by their prefix: PEM private keys, and tokens.

use std::ops::Range;

use super::named::{JUDGED, SecretMatch, bits_a_character, is_placeholder};

/// The text after a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// At least this many characters of an alphabet.
    Run(Alphabet, usize),
    /// The rest of a PEM private key's header line, and everything after it.
    Armour,
    /// A JSON Web Token: three parts of base64url, the first two of them JSON objects.
    WebToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// `A` to `Z` and digits, with an exact length.
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

/// A kind of secret with its prefix.
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

/// Token formats published by issuers; docs/hostile-input.md names the sources. Lengths are those
/// of the shortest token issued, or a little less where it is not documented.
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
    /// Returns the secret that begins at the word, if it matches; the prefix is case-sensitive.
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

/// Whether a letter or digit comes before, so that the match is in the middle of a word.
fn inside_a_word(text: &str, start: usize) -> bool {
    text[..start].bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric())
        // The last letter of a JSON escape is not part of the text.
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
    // Keys of other programs in ASCII armour (minimum length 1) need not look random.
    let real = fits && !goes_on && (least == 1 || !is_made_up(body));
    real.then(|| alphabet.run(rest))
}

/// Bits per character below which a token is a placeholder: a real one of 16 characters has over 3.
const LEAST_BITS: f64 = 2.5;

/// Whether the body of a token is a placeholder.
fn is_made_up(body: &str) -> bool {
    bits_a_character(body) < LEAST_BITS || is_placeholder(body)
}

/// Maximum length of the end of a private key's header line.
const LABEL: usize = 48;

fn armour_length(rest: &str) -> Option<usize> {
    let head: String = rest.chars().take(LABEL).collect();
    let label = &head[..head.find("-----")?];
    if !(label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK")) {
        return None;
    }
    // Everything up to the end marker is the key, or up to the end of the text without one.
    let end = rest.find("-----END ").and_then(|end| {
        let label = &rest[end + "-----END ".len()..];
        label.find("-----").map(|dashes| rest.len() - label.len() + dashes + "-----".len())
    });
    Some(end.unwrap_or(rest.len()))
}

/// Minimum length of a part of a web token, and maximum length of its first part.
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
