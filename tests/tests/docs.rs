//! The pages for people in; that they name each rule as the API does, and what is done about it, out.

use std::fs;
use std::path::PathBuf;

use ixp_common::rules::{Group, Rule, RuleAction};
use ixp_tests::agent::command;

fn page(name: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/rules").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The heading of a rule's section.
fn heading(rule: Rule) -> String {
    format!("{rule} — {}", rule.title())
}

/// Where a link to a heading goes: lower case, no punctuation, hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn each_rule_has_a_section_under_its_title_on_the_page_of_its_group() {
    for group in [Group::Layer2, Group::Arp, Group::Nd, Group::Ip] {
        let text = page(&format!("{}.md", group.name()));
        let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let expected: Vec<String> =
            Rule::ALL.into_iter().filter(|rule| rule.group() == group).map(heading).collect();
        assert_eq!(found, expected, "{}", group.name());
        let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
        for (section, heading) in sections.iter().zip(&expected) {
            assert!(section.len() > heading.len() + 200, "{heading}: an empty section");
        }
    }
}

#[test]
fn the_table_of_rules_has_a_line_for_each_with_its_title_link_and_default() {
    let text = page("README.md");
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with("| [")).collect();
    let line = |rule: Rule| {
        let action = match rule.default_action() {
            RuleAction::Off => "–",
            action => action.name(),
        };
        let critical = if rule.is_critical() { ", critical" } else { "" };
        let link = format!("{}.md#{}", rule.group().name(), anchor(&heading(rule)));
        format!("| [{rule}]({link}) | {} | {action}{critical} |", rule.title())
    };
    assert_eq!(found, Rule::ALL.map(line));
}

#[test]
fn the_effective_configuration_lists_each_rule_with_its_default() {
    let ended = command::run(&["config", "show"]).expect("it ends");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for rule in Rule::ALL {
        let start = format!("{rule} = \"{}\"", rule.default_action().name());
        let line = ended.out.lines().find(|line| line.trim_start().starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{start} is not in\n{}", ended.out));
        assert!(line.contains(rule.title()), "{line}");
    }
}
