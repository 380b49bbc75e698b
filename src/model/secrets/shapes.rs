//! Secrets that are detected by their prefix: PEM private keys, and tokens.

use std::ops::Range;

use super::named::{JUDGED, SecretMatch, bits_a_character, is_placeholder};

/// The text after a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// At least this many characters of an alphabet.
    Run(Alphabet, usize),
    /// Exactly this many.
    Exact(Alphabet, usize),
    /// The rest of a PEM private key's header line, and everything after it.
    Armour,
    /// A JSON Web Token: three parts of base64url, the first two of them JSON objects.
    WebToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// `A` to `Z` and digits.
    Upper,
    Digit,
    Hex,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, with `.`.
    Dotted,
    /// As `Url`, with `/`.
    Path,
    /// As `Url`, with `=`, `+`, `/` and `%`.
    Base64,
    /// As `Dotted`, with `~`.
    Tilde,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => Self::Url.has(byte) || byte == b'.',
            Self::Path => Self::Url.has(byte) || byte == b'/',
            Self::Digit => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Base64 => Self::Url.has(byte) || matches!(byte, b'=' | b'+' | b'/' | b'%'),
            Self::Tilde => Self::Dotted.has(byte) || byte == b'~',
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
    /// The part of the token before the prefix: its alphabet, and its fewest and most characters.
    lead: Option<(Alphabet, usize, usize)>,
    body: Body,
}

const fn run(kind: &'static str, prefix: &'static str, alphabet: Alphabet, least: usize) -> Shape {
    Shape { prefix, kind, lead: None, body: Body::Run(alphabet, least) }
}

const fn exact_shape(
    kind: &'static str,
    prefix: &'static str,
    alphabet: Alphabet,
    count: usize,
) -> Shape {
    Shape { prefix, kind, lead: None, body: Body::Exact(alphabet, count) }
}

const fn with_lead(lead: (Alphabet, usize, usize), shape: Shape) -> Shape {
    Shape { lead: Some(lead), ..shape }
}

const AWS: &str = "an AWS access key id";
const AZURE: &str = "an Azure client secret";
const DIGITALOCEAN: &str = "a DigitalOcean token";
const GITHUB: &str = "a GitHub token";
const GITLAB: &str = "a GitLab token";
const OPENAI: &str = "an OpenAI API key";
const PRIVATE_KEY: &str = "a private key";
const SHOPIFY: &str = "a Shopify token";
const SLACK: &str = "a Slack token";
const STRIPE: &str = "a Stripe key";

use Alphabet::{Alphanumeric, Base64, Digit, Dotted, Hex, Path, Tilde, Upper, Url};

/// Token formats published by issuers; docs/hostile-input.md names the sources. Lengths are those
/// of the shortest token issued, or a little less where it is not documented.
pub const SHAPES: &[Shape] = &[
    Shape { prefix: "-----BEGIN ", kind: PRIVATE_KEY, lead: None, body: Body::Armour },
    run(PRIVATE_KEY, "PuTTY-User-Key-File-", Alphanumeric, 1),
    run("an age secret key", "AGE-SECRET-KEY-1", Alphanumeric, 50),
    Shape { prefix: "eyJ", kind: "a JSON Web Token", lead: None, body: Body::WebToken },
    exact_shape(AWS, "AKIA", Upper, 16),
    exact_shape(AWS, "ASIA", Upper, 16),
    exact_shape(AWS, "ABIA", Upper, 16),
    exact_shape(AWS, "ACCA", Upper, 16),
    run("an atocore token", "atocore_", Hex, 64),
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
    run(DIGITALOCEAN, "dor_v1_", Alphanumeric, 64),
    run("a Vault token", "hvs.", Url, 24),
    run(STRIPE, "sk_test_", Alphanumeric, 20),
    run(STRIPE, "rk_test_", Alphanumeric, 20),
    run("a Google refresh token", "1//0", Url, 40),
    with_lead((Digit, 8, 10), run("a Telegram bot token", ":AA", Url, 33)),
    run("a Discord webhook", "discord.com/api/webhooks/", Path, 60),
    run("a Discord webhook", "discordapp.com/api/webhooks/", Path, 60),
    run(SHOPIFY, "shpat_", Hex, 32),
    run(SHOPIFY, "shpca_", Hex, 32),
    run(SHOPIFY, "shppa_", Hex, 32),
    run(SHOPIFY, "shpss_", Hex, 32),
    run("a Square token", "sq0atp-", Url, 22),
    run("a Square token", "sq0csp-", Url, 43),
    run("an Atlassian token", "ATATT3", Base64, 80),
    run("a Linear key", "lin_api_", Alphanumeric, 40),
    run("a Notion token", "ntn_", Alphanumeric, 40),
    run("a Databricks token", "dapi", Hex, 32),
    run("a Grafana token", "glsa_", Url, 32),
    run("a Postman key", "PMAK-", Url, 50),
    run("a New Relic key", "NRAK-", Upper, 27),
    run("a Doppler token", "dp.pt.", Alphanumeric, 40),
    run("a Doppler token", "dp.st.", Dotted, 40),
    run("a Sentry token", "sntrys_", Base64, 50),
    run("a Sentry token", "sntryu_", Hex, 64),
    run("a RubyGems key", "rubygems_", Hex, 48),
    with_lead((Alphanumeric, 14, 14), run("a Terraform token", ".atlasv1.", Url, 60)),
    run("a Pulumi token", "pul-", Hex, 40),
    run("a Supabase token", "sbp_", Hex, 40),
    exact_shape("a crates.io token", "cio", Alphanumeric, 32),
    exact_shape("a Mailgun key", "key-", Hex, 32),
    run("an Azure signature", "sig=", Base64, 43),
    with_lead((Tilde, 3, 3), run(AZURE, "7Q~", Tilde, 31)),
    with_lead((Tilde, 3, 3), run(AZURE, "8Q~", Tilde, 31)),
];

impl Shape {
    /// Returns the secret around the word, if it matches; the prefix is case-sensitive.
    pub fn found(&self, text: &str, word: Range<usize>) -> Option<SecretMatch> {
        if text.get(word.clone()) != Some(self.prefix) {
            return None;
        }
        let start = word.start - self.lead_length(&text.as_bytes()[..word.start])?;
        let rest = &text.as_bytes()[word.end..];
        if inside_a_word(text, start) && !self.is_known_inside_a_word(rest) {
            return None;
        }
        let length = match self.body {
            Body::Run(alphabet, least) => run_length(alphabet, rest, |run| run >= least)?,
            Body::Exact(alphabet, count) => run_length(alphabet, rest, |run| run == count)?,
            Body::Armour => armour_length(&text[word.end..])?,
            Body::WebToken => web_token_length(rest)?,
        };
        Some(SecretMatch { kind: self.kind, range: start..word.end + length })
    }

    /// Returns the length of the part before the prefix.
    fn lead_length(&self, before: &[u8]) -> Option<usize> {
        let Some((alphabet, least, most)) = self.lead else { return Some(0) };
        let run =
            before.iter().rev().take(most + 1).take_while(|byte| alphabet.has(**byte)).count();
        match self.body {
            // Its alphabet is that of words too, so it is cut where it must begin.
            _ if least == most && run >= least => Some(least),
            _ => (least..=most).contains(&run).then_some(run),
        }
    }

    /// Whether the token is certain although a letter or digit comes before it (`xghp_…`): its prefix
    /// ends with a separator that words seldom have, and its body is one run of letters and digits.
    fn is_known_inside_a_word(&self, rest: &[u8]) -> bool {
        let distinct = self.prefix.ends_with('_') && self.prefix.len() >= 4
            || self.prefix.ends_with('-') && self.prefix.len() >= 5;
        let Body::Run(_, least) = self.body else { return false };
        let run = Alphanumeric.run(&rest[..rest.len().min(JUDGED)]);
        let body = &rest[..run];
        let mixed = [u8::is_ascii_alphabetic, u8::is_ascii_digit]
            .iter()
            .all(|class| body.iter().any(class));
        distinct && run >= least && mixed
    }
}

/// Whether a letter or digit comes before, so that the match is in the middle of a word.
fn inside_a_word(text: &str, start: usize) -> bool {
    let before = &text.as_bytes()[..start];
    before.last().is_some_and(u8::is_ascii_alphanumeric)
        // The last letter of a JSON escape or of an escape in a URL is not part of the text.
        && ![b"\\n", b"\\t", b"\\r"].iter().any(|escape| before.ends_with(*escape))
        && !matches!(before, [.., b'%', a, b] if Hex.has(*a) && Hex.has(*b))
}

fn run_length(alphabet: Alphabet, rest: &[u8], fits: impl Fn(usize) -> bool) -> Option<usize> {
    let judged = alphabet.run(&rest[..rest.len().min(JUDGED)]);
    let body = std::str::from_utf8(&rest[..judged]).ok()?;
    let goes_on =
        rest.get(judged).is_some_and(|next| !alphabet.has(*next) && next.is_ascii_alphanumeric());
    // Keys of other programs in ASCII armour (minimum length 1) need not look random.
    let real = fits(judged) && !goes_on && (fits(1) || !is_made_up(body));
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
