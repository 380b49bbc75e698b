//! Draws a graph as SVG. The layout is that of `layout-rs`; its own SVG has inline styles, which the
//! page's Content-Security-Policy forbids, and no links.

use std::fmt::Write;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::std_shapes::render::get_shape_size;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;
use maud::html;

/// A node: the row that it leads to, and its lines of text.
#[derive(Debug, Clone)]
pub struct GraphNode {
    pub id: String,
    pub address: String,
    pub name: String,
    pub type_word: String,
    pub marked: bool,
}

/// An edge between nodes, by their places in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    pub from: usize,
    pub to: usize,
    pub label: String,
}

/// Maximum characters of a name in a node.
const MAX_NAME: usize = 28;
const FONT: usize = 14;

/// Draws the graph; `None` if it cannot be laid out.
pub fn draw_graph(nodes: &[GraphNode], edges: &[GraphEdge]) -> Option<String> {
    let draw = || {
        let mut graph = VisualGraph::new(Orientation::LeftToRight);
        let look = StyleAttr::new(Color::fast("black"), 1, None, 9, FONT);
        let handles: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(place, node)| {
                let shape = ShapeKind::new_box(&label_of(node));
                let size = get_shape_size(Orientation::LeftToRight, &shape, FONT, false);
                graph.add_node(Element::create_with_properties(
                    shape,
                    look.clone(),
                    Orientation::LeftToRight,
                    size,
                    place.to_string(),
                ))
            })
            .collect();
        for edge in edges {
            let mut arrow = Arrow::simple(&edge.label);
            arrow.look = look.clone();
            graph.add_edge(arrow, handles[edge.from], handles[edge.to]);
        }
        let mut canvas = Canvas::new(nodes);
        graph.do_it(false, false, false, &mut canvas);
        canvas.finish()
    };
    // It asserts what it expects of a graph.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(draw)).ok()
}

fn label_of(node: &GraphNode) -> String {
    let mut name: String = node.name.chars().take(MAX_NAME).collect();
    if node.name.chars().count() > MAX_NAME {
        name.push('…');
    }
    format!("{name}\n{}", node.type_word)
}

/// Receives the shapes of a layout as SVG.
struct Canvas<'n> {
    nodes: &'n [GraphNode],
    svg: String,
    /// The texts of the links, which are drawn last: no line crosses them.
    labels: String,
    width: f64,
    height: f64,
    /// Whether the next text is that of a node.
    in_node: bool,
}

impl<'n> Canvas<'n> {
    fn new(nodes: &'n [GraphNode]) -> Self {
        let (svg, labels) = Default::default();
        Self { nodes, svg, labels, width: 0.0, height: 0.0, in_node: false }
    }

    fn grow(&mut self, x: f64, y: f64) {
        self.width = self.width.max(x + 20.0);
        self.height = self.height.max(y + 20.0);
    }

    fn write_lines(&mut self, xy: Point, text: &str, class: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let first = xy.y - (lines.len() as f64 - 1.0) * 9.0;
        for (at, line) in lines.iter().enumerate() {
            let y = first + at as f64 * 18.0;
            let text = html! { (line) }.into_string();
            let into = if class == "label" { &mut self.labels } else { &mut self.svg };
            let class = if at == 0 { class } else { "soft" };
            let _ = write!(
                into,
                "<text class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" \
                 dominant-baseline=\"central\">{text}</text>",
                xy.x
            );
        }
    }

    fn finish(self) -> String {
        let Self { svg, labels, width, height, .. } = self;
        format!(
            "<svg class=\"graph\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"group\" aria-label=\"Graph; the list has the same rows\">\
             <defs><marker id=\"head\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" \
             orient=\"auto\"><path class=\"head\" d=\"M0 0L9 4L0 8z\"/></marker></defs>{svg}{labels}</svg>"
        )
    }
}

impl RenderBackend for Canvas<'_> {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        _look: &StyleAttr,
        properties: Option<String>,
        _clip: Option<ClipHandle>,
    ) {
        self.grow(xy.x + size.x, xy.y + size.y);
        let place = properties.and_then(|text| text.parse::<usize>().ok());
        let Some(node) = place.and_then(|place| self.nodes.get(place)) else { return };
        let address = html! { a href=(node.address) {} }.into_string();
        let link = address.trim_end_matches("</a>");
        let class = if node.marked { "node marked" } else { "node" };
        let _ = write!(
            self.svg,
            "{link}<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\" rx=\"9\"/>",
            xy.x, xy.y, size.x, size.y
        );
        self.in_node = true;
    }

    fn draw_line(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}

    fn draw_circle(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}

    fn draw_text(&mut self, xy: Point, text: &str, _look: &StyleAttr) {
        if std::mem::take(&mut self.in_node) {
            self.write_lines(xy, text, "name");
            self.svg.push_str("</a>");
        } else {
            self.grow(xy.x + text.len() as f64 * 4.0, xy.y);
            self.write_lines(Point::new(xy.x, xy.y - 9.0), text, "label");
        }
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        _dashed: bool,
        head: (bool, bool),
        _look: &StyleAttr,
        _properties: Option<String>,
        text: &str,
    ) {
        let Some((first, rest)) = path.split_first() else { return };
        let (start, exit) = *first;
        let mut line = format!("M{:.1} {:.1}", start.x, start.y);
        for (at, (control, end)) in rest.iter().enumerate() {
            let _ = match at {
                0 => write!(line, "C{:.1} {:.1} {:.1} {:.1}", exit.x, exit.y, control.x, control.y),
                _ => write!(line, "S{:.1} {:.1}", control.x, control.y),
            };
            let _ = write!(line, " {:.1} {:.1}", end.x, end.y);
            self.grow(end.x, end.y);
        }
        let (start, end) = head;
        let start = if start { " marker-start=\"url(#head)\"" } else { "" };
        let end = if end { " marker-end=\"url(#head)\"" } else { "" };
        let _ = write!(self.svg, "<path class=\"edge\" d=\"{line}\"{start}{end}/>");
        if !text.is_empty() {
            let middle = path[path.len() / 2].1;
            self.write_lines(Point::new(middle.x, middle.y - 9.0), text, "label");
        }
    }

    fn create_clip(&mut self, _: Point, _: Point, _: usize) -> ClipHandle {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> GraphNode {
        let (id, type_word) = (name.to_owned(), "component".to_owned());
        GraphNode {
            address: format!("/ui/{id}"),
            id,
            name: name.to_owned(),
            type_word,
            marked: true,
        }
    }

    #[test]
    fn each_node_is_a_link_and_its_text_is_escaped() {
        let nodes = [node("Pump"), node("<b>&\"")];
        let edge = |from, to| GraphEdge { from, to, label: "part_of".to_owned() };
        let drawn = draw_graph(&nodes, &[edge(0, 1), edge(1, 0)]).expect("a drawing");
        assert_eq!(drawn.matches("<a href=").count(), 2, "{drawn}");
        assert_eq!(drawn.matches("class=\"edge\"").count(), 2, "{drawn}");
        assert!(drawn.contains("&lt;b&gt;&amp;"), "{drawn}");
        assert!(!drawn.contains("<b>"), "{drawn}");
    }
}
