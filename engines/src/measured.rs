//! Has a script measure what it makes. A value that holds another one many times over takes little
//! memory, and much once it is printed, compared or copied, which the interpreter does without
//! asking. So each place of a script where a value is put into a new one is put into a call of a
//! function of ours, and all that one evaluation makes may weigh so much (weight.rs) and no more.
//!
//! `a := [b, b]` becomes `a := measured([b, b])`. places.rs finds the places.

use serde_json::Value as Json;

use crate::calls::Script;
use crate::places::{Addition, Places, places};
use crate::program::{Problem, unreadable};

const MAX_DOUBTS: usize = 64;

/// A script that measures.
pub struct Measuring {
    /// Of the function that measures what a value was made of. That for what is put into another
    /// value without a literal has `_part` after it.
    pub name: String,
    pub text: String,
    pub insertions: Insertions,
    /// What made `text` of the source.
    pub edits: Vec<Edit>,
}

/// A byte of the script, the order of those at one byte, and what is inserted in front of it.
pub type Edit = (usize, u8, String);

/// What ends there before what begins, and what is outside, outside.
pub mod order {
    pub const END: u8 = 0;
    pub const OPERAND_END: u8 = 1;
    pub const STATEMENT_END: u8 = 2;
    pub const BODY_END: u8 = 3;
    pub const VALUE_END: u8 = 4;
    pub const VALUE: u8 = 5;
    pub const ENTRY: u8 = 6;
    pub const STATEMENT: u8 = 7;
    pub const OPERAND: u8 = 8;
    pub const START: u8 = 9;
}

/// Line, column and characters of each, in order.
#[derive(Default)]
pub struct Insertions(Vec<(u32, u32, u32)>);

impl Insertions {
    /// The column of the script as it was written.
    pub fn column(&self, line: u32, column: u32) -> u32 {
        let before = self.0.iter().filter(|(of, at, _)| *of == line && *at < column);
        column - before.map(|(_, at, width)| (*width).min(column - at)).sum::<u32>()
    }
}

impl Measuring {
    fn new(source: &str, name: &str, places: &[(usize, usize)], parts: &[(usize, usize)], additions: &[Addition]) -> Measuring {
        let around = |places: &[(usize, usize)], suffix: &str| {
            let opening = format!("{name}{suffix}(");
            places.iter().flat_map(|(start, end)| [(*end, order::END, ")".to_string()), (*start, order::START, opening.clone())]).collect::<Vec<_>>()
        };
        let mut edits = [around(places, ""), around(parts, "_part")].concat();
        for Addition { names, value, head_end } in additions {
            let (names, index) = (names.join(", "), names.len());
            match value {
                Some((start, end)) => {
                    edits.push((*start, order::VALUE, format!("{name}([{names}, ")));
                    edits.push((*end, order::VALUE_END, format!("])[{index}]")));
                }
                None => edits.push((*head_end, order::VALUE_END, format!(" := {name}([{names}, true])[{index}]"))),
            }
        }
        let (text, insertions) = edited(source, &mut edits);
        Measuring { name: name.to_string(), text, insertions, edits }
    }
}

/// Sorts the edits, too.
pub fn edited(source: &str, edits: &mut [Edit]) -> (String, Insertions) {
    edits.sort_unstable();
    let (mut text, mut insertions) = (String::new(), Insertions::default());
    let (mut line, mut column, mut copied) = (1, 1, 0);
    for (at, _, inserted) in edits {
        for c in source[copied..*at].chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        text += &source[copied..*at];
        copied = *at;
        text += inserted;
        let width = u32::try_from(inserted.len()).unwrap_or(0);
        insertions.0.push((line, column, width));
        column += width;
    }
    text += &source[copied..];
    (text, insertions)
}

/// Of one word that is nowhere in the script.
pub fn unused_name(source: &str, word: &str) -> String {
    (0..).map(|number| format!("{word}{number}")).find(|name| !source.contains(name)).unwrap_or_default()
}

/// `module` is the tree of `source`. `compiles` tells whether a text is a script with a value for each variable.
pub fn measuring(script: &Script, module: &Json, source: &str, compiles: impl Fn(&Measuring) -> Result<bool, Problem>) -> Result<Measuring, Problem> {
    let Places { places, parts, additions, mut doubts, bad_head, is_lost } = places(script, module, source);
    if let Some((line, column)) = bad_head {
        return Err(Problem::new(line, column, "what stands in brackets within the name of a rule is a variable or a constant; give it a name"));
    }
    if is_lost {
        return Err(unreadable());
    }
    let name = unused_name(source, "measured");
    let with = |more: &[(usize, usize)]| Measuring::new(source, &name, &[&places, more].concat(), &parts, &additions);
    let all = with(&doubts.iter().map(|doubt| doubt.sides[0]).collect::<Vec<_>>());
    if doubts.is_empty() || compiles(&all)? {
        return Ok(all);
    }
    if doubts.len() > MAX_DOUBTS {
        return Err(Problem::new(0, 0, format!("a script has at most {MAX_DOUBTS} \"=\" with a variable and a list; write \":=\"")));
    }
    let mut made = Vec::new();
    // Where one side alone can make a value, that tells more of the variables than where both can.
    doubts.sort_by_key(|doubt| doubt.sides.len());
    for doubt in &doubts {
        let mut maker = None;
        for side in &doubt.sides {
            if compiles(&with(&[&made[..], &[*side]].concat()))? {
                maker = Some(*side);
                break;
            }
        }
        match maker {
            Some(side) => made.push(side),
            // The variable has its value, which the literal takes apart.
            None if doubt.sides.len() == 1 => {}
            None => {
                let message = "both sides of this \"=\" take the other apart and make values, too; write two statements";
                return Err(Problem::new(doubt.line, doubt.column, message));
            }
        }
    }
    Ok(with(&made))
}
