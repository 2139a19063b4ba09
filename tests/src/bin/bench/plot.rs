//! Rates in, a picture of them out: a panel for even traffic and one for uneven, pairs to the right, nanoseconds up.

use std::fmt::Write as _;

use crate::exchange::Rules;
use crate::load::Spread;
use crate::rates::Rate;

/// What a line is drawn of.
type Value = fn(&Rate) -> Option<f64>;

/// Names, and colours that are told apart on white and on black, and by who sees no red or green.
const SERIES: [(&str, &str, Value); 4] = [
    ("sampler", "#2b83c6", |rate| Some(rate.ours_ns)),
    ("twin in C", "#e0861a", |rate| Some(rate.twin_ns)),
    ("naive C", "#7f7f7f", |rate| rate.naive_ns),
    ("all in hashes", "#a65fb0", |rate| rate.hashes_ns),
];

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 60.0;
const GAP: f64 = 48.0;

/// The shortest frames of these rates with the rules off, as SVG.
pub(crate) fn svg(rates: &[Rate]) -> String {
    let bytes = rates.iter().map(|rate| rate.bytes).min().unwrap_or(0);
    let shown: Vec<&Rate> =
        rates.iter().filter(|rate| rate.bytes == bytes && rate.rules == Rules::Off).collect();
    let highest =
        shown.iter().flat_map(|rate| SERIES.map(|(_, _, of)| of(rate))).flatten().fold(1.0, f64::max);
    let scale = Scale { step: step(highest), most: most(highest), pairs: pairs(&shown) };
    let (width, height) = (LEFT + 2.0 * WIDTH + GAP + 24.0, TOP + HEIGHT + 64.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n{STYLE}\
         <title>Nanoseconds per frame over the floor, by pairs</title>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    legend(&mut svg, bytes);
    for (panel, spread) in (0u8..).zip(Spread::ALL) {
        let left = LEFT + f64::from(panel) * (WIDTH + GAP);
        axes(&mut svg, &scale, left, spread);
        let rates: Vec<&Rate> = shown.iter().copied().filter(|rate| rate.spread == spread).collect();
        lines(&mut svg, &scale, left, &rates);
    }
    svg + "</svg>\n"
}

/// Ink and paper by what the reader has asked for.
const STYLE: &str = "<style>\
    .paper { fill: #ffffff } text { fill: #1f2328 } .grid { stroke: #d8dee4 } .axis { stroke: #59636e }\
    @media (prefers-color-scheme: dark) {\
    .paper { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #9198a1 } }\
    </style>\n";

/// From values to places.
struct Scale {
    step: f64,
    most: f64,
    /// In order, each as far from the last as any other.
    pairs: Vec<u32>,
}

impl Scale {
    fn x(&self, left: f64, place: usize) -> f64 {
        let places = self.pairs.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = (place as f64 + 0.5) / places as f64;
        left + WIDTH * share
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HEIGHT - HEIGHT * value / self.most
    }
}

fn pairs(rates: &[&Rate]) -> Vec<u32> {
    let mut pairs: Vec<u32> = rates.iter().map(|rate| rate.pairs).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The distance of grid lines: about six of them, at 1, 2 or 5 times a power of ten.
fn step(highest: f64) -> f64 {
    let rough = highest / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough)
}

fn most(highest: f64) -> f64 {
    let step = step(highest);
    (highest / step).ceil() * step
}

fn legend(svg: &mut String, bytes: u32) {
    let mut left = LEFT;
    for (name, colour, _) in SERIES {
        push(
            svg,
            format_args!(
                "<line x1=\"{left}\" y1=\"20\" x2=\"{}\" y2=\"20\" stroke=\"{colour}\" stroke-width=\"2.5\"/>\
             <text x=\"{}\" y=\"24\">{name}</text>\n",
                left + 26.0,
                left + 32.0,
            ),
        );
        left += 118.0;
    }
    let right = LEFT + 2.0 * WIDTH + GAP;
    push(
        svg,
        format_args!(
            "<text x=\"{right}\" y=\"24\" text-anchor=\"end\">ns per frame of {bytes} B over the floor, rules off</text>\n"
        ),
    );
}

fn axes(svg: &mut String, scale: &Scale, left: f64, spread: Spread) {
    let (right, bottom) = (left + WIDTH, TOP + HEIGHT);
    let mut value = 0.0;
    while value <= scale.most {
        let (y, class) = (scale.y(value), if value == 0.0 { "axis" } else { "grid" });
        push(
            svg,
            format_args!(
                "<line class=\"{class}\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>\n",
                left - 8.0,
                y + 4.5,
            ),
        );
        value += scale.step;
    }
    for (place, pairs) in scale.pairs.iter().enumerate() {
        let x = scale.x(left, place);
        push(
            svg,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 20.0,
                short(*pairs),
            ),
        );
    }
    let middle = left + WIDTH / 2.0;
    push(
        svg,
        format_args!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\">{}</text>\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">pairs</text>\n",
            TOP - 14.0,
            spread.name(),
            bottom + 42.0,
        ),
    );
}

fn lines(svg: &mut String, scale: &Scale, left: f64, rates: &[&Rate]) {
    for (name, colour, of) in SERIES {
        let place = |rate: &Rate| scale.pairs.iter().position(|pairs| *pairs == rate.pairs);
        let points: Vec<(f64, f64, f64)> = rates
            .iter()
            .filter_map(|rate| Some((scale.x(left, place(rate)?), scale.y(of(rate)?.max(0.0)), of(rate)?)))
            .collect();
        let path = points.iter().map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
        push(
            svg,
            format_args!(
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>\n"
            ),
        );
        for (x, y, value) in points {
            push(
                svg,
                format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"><title>{name}: {value:.0} ns</title></circle>\n"
                ),
            );
        }
    }
}

/// A number of pairs in as few letters as can be.
fn short(number: u32) -> String {
    match number {
        1_000_000.. if number.is_multiple_of(1_000_000) => format!("{} M", number / 1_000_000),
        1_000.. if number.is_multiple_of(1_000) => format!("{} k", number / 1_000),
        _ => number.to_string(),
    }
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(pairs: u32, spread: Spread, rules: Rules, ns: f64) -> Rate {
        let naive_ns = Some(ns * 3.0).filter(|_| rules == Rules::Off);
        Rate {
            pairs,
            spread,
            bytes: 64,
            rules,
            floor_ns: 26.0,
            ours_ns: ns,
            twin_ns: ns / 2.0,
            naive_ns,
            hashes_ns: naive_ns,
        }
    }

    #[test]
    fn each_program_has_a_line_in_each_panel_with_a_point_per_number_of_pairs() {
        let mut rates = Vec::new();
        for spread in Spread::ALL {
            for rules in Rules::ALL {
                rates.extend([1, 300_000].map(|pairs| rate(pairs, spread, rules, 40.0)));
            }
        }
        let svg = svg(&rates);
        assert_eq!(svg.matches("<polyline").count(), 8);
        assert_eq!(svg.matches("<circle").count(), 16);
        assert!(svg.contains(">300 k</text>") && svg.contains(">120</text>") && !svg.contains(">140</text>"));
    }

    #[test]
    fn grid_lines_stand_at_round_numbers_up_to_the_highest_value() {
        for (highest, expected) in [(120.0, (20.0, 120.0)), (590.0, (100.0, 600.0)), (7.0, (2.0, 8.0))] {
            assert_eq!((step(highest), most(highest)), expected, "{highest}");
        }
    }
}
