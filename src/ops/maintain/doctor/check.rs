//! One check of the doctor with its findings, and the report of all checks.

use std::collections::BTreeSet;

use super::finding::{Finding, Remark, Remedy, Topic};

/// The amount of data that a check covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Bytes(u64),
    /// Total size of all pages in bytes.
    Pages(u64),
    SchemaObjects {
        tables: usize,
        indexes: usize,
        triggers: usize,
    },
    Rows(i64),
    Keys(usize),
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub topic: Topic,
    pub extent: Option<Extent>,
    /// The hash of the last audit row, where the check verifies the chain.
    pub head: Option<String>,
    /// The number of findings, including those not listed.
    pub count: usize,
    pub findings: Vec<Finding>,
    pub remarks: Vec<Remark>,
    /// Derived data to rebuild.
    fixes: BTreeSet<Topic>,
    /// Whether the file itself is damaged, so that nothing should be written to it.
    damaged: bool,
}

/// Findings listed per check.
const MAX_LISTED: usize = 50;

impl Check {
    pub fn new(topic: Topic) -> Self {
        Self {
            topic,
            extent: None,
            head: None,
            count: 0,
            findings: Vec::new(),
            remarks: Vec::new(),
            fixes: BTreeSet::new(),
            damaged: false,
        }
    }

    pub fn found(&mut self, finding: Finding) {
        self.count += 1;
        self.damaged |= finding.is_damage();
        if let Remedy::Derive(topic) = finding.remedy() {
            self.fixes.insert(topic);
        }
        if self.findings.len() < MAX_LISTED {
            self.findings.push(finding);
        }
    }

    pub fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    pub fn is_clean(&self) -> bool {
        self.count == 0
    }
}

/// The result of all checks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DoctorReport {
    pub checks: Vec<Check>,
}

impl DoctorReport {
    pub fn findings(&self) -> usize {
        self.checks.iter().map(|check| check.count).sum()
    }

    pub fn remarks(&self) -> usize {
        self.checks.iter().map(|check| check.remarks.len()).sum()
    }

    /// Returns whether the file itself is damaged.
    pub fn is_damaged(&self) -> bool {
        self.checks.iter().any(|check| check.damaged)
    }

    /// Returns the derived data to rebuild, in order of dependency.
    pub fn fixes(&self) -> BTreeSet<Topic> {
        self.checks.iter().flat_map(|check| check.fixes.iter().copied()).collect()
    }
}
