// The comparison as a picture: speed against word error rate, in SVG.

import Foundation

/// A picture of speed (to the right, logarithmic) against word error rate (upwards), a labelled point an engine; a line
/// through a point is the range of its passes. Nil if no engine has a word error rate.
package func speedChart(of comparison: Comparison) -> String? {
  let points = comparison.rows.compactMap { row in
    row.wordErrorRate.map { ChartPoint(row: row, percent: 100 * $0) }
  }
  guard !points.isEmpty else { return nil }
  let frame = ChartFrame(points)
  return """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(whole(frame.width))" height="\(whole(frame.height))" \
    viewBox="0 0 \(whole(frame.width)) \(whole(frame.height))" font-family="system-ui, Helvetica, Arial, sans-serif" \
    font-size="\(whole(ChartFrame.fontSize))">
    <title>\(escaped(comparison.title))</title>
    <rect width="100%" height="100%" fill="#ffffff"/>
    <text x="\(whole(frame.plot.x))" y="26" font-size="15" fill="#202124">\(escaped(comparison.title))</text>
    \(axes(frame))
    \(labels(points, frame))
    \(points.map { dot($0, frame) }.joined(separator: "\n"))
    </svg>

    """
}

private struct ChartPoint {
  let row: Comparison.Row
  let percent: Double
  var colour: String { row.isSwiftlet ? "#c2410c" : "#1d4e89" }
}

/// Where things are, in pixels.
private struct ChartFrame {
  static let fontSize = 13.0
  /// Generous for the usual fonts, as nothing here can measure them.
  static let characterWidth = 7.2
  static let lineHeight = 17.0
  static let radius = 5.0

  let width = 960.0
  let height = 560.0
  let plot = Box(x: 70, y: 44, width: 860, height: 450)
  let speeds: LogarithmicScale
  let rates: LinearScale

  init(_ points: [ChartPoint]) {
    speeds = LogarithmicScale(points.flatMap { [$0.row.speed.minimum, $0.row.speed.maximum] })
    rates = LinearScale(points.map(\.percent))
  }

  func x(_ speed: Double) -> Double { plot.x + plot.width * speeds.place(speed) }
  func y(_ percent: Double) -> Double { plot.y + plot.height * (1 - rates.place(percent)) }
}

private func axes(_ frame: ChartFrame) -> String {
  let (plot, grid, ink) = (frame.plot, "#e3e5e8", "#4a4d52")
  let bottom = plot.y + plot.height
  let columns = frame.speeds.marks.map { mark in
    let x = pixels(frame.x(mark))
    return """
      <line x1="\(x)" y1="\(pixels(plot.y))" x2="\(x)" y2="\(pixels(bottom))" stroke="\(grid)"/>
      <text x="\(x)" y="\(pixels(bottom + 18))" text-anchor="middle" fill="\(ink)">\(number(mark))</text>
      """
  }
  let rows = frame.rates.marks.map { mark in
    let y = frame.y(mark)
    return """
      <line x1="\(pixels(plot.x))" y1="\(pixels(y))" x2="\(pixels(plot.x + plot.width))" y2="\(pixels(y))" \
      stroke="\(grid)"/>
      <text x="\(pixels(plot.x - 8))" y="\(pixels(y + 4))" text-anchor="end" fill="\(ink)">\(number(mark))</text>
      """
  }
  let middle = (x: plot.x + plot.width / 2, y: plot.y + plot.height / 2)
  let titles = [
    """
    <text x="\(pixels(middle.x))" y="\(pixels(bottom + 44))" text-anchor="middle" fill="\(ink)">speed, times real \
    time (further right is faster)</text>
    """,
    """
    <text transform="translate(22 \(pixels(middle.y))) rotate(-90)" text-anchor="middle" fill="\(ink)">word error \
    rate, % (lower is better)</text>
    """,
  ]
  return (columns + rows + titles).joined(separator: "\n")
}

/// The names, each with a line to its point where it could not be put beside it.
private func labels(_ points: [ChartPoint], _ frame: ChartFrame) -> String {
  let centres = points.map { (x: frame.x($0.row.speed.median), y: frame.y($0.percent)) }
  let boxes = placeLabels(
    of: centres, widths: points.map { Double($0.row.name.count) * ChartFrame.characterWidth },
    height: ChartFrame.lineHeight, obstacle: ChartFrame.radius + 1, in: frame.plot)
  return zip(points, zip(centres, boxes)).map { point, place in
    let (centre, box) = place
    let isLeft = box.x + box.width <= centre.x
    let isRight = box.x >= centre.x
    let x = isRight ? box.x : isLeft ? box.x + box.width : box.x + box.width / 2
    let anchor = isRight ? "start" : isLeft ? "end" : "middle"
    let isAway = abs(box.y + box.height / 2 - centre.y) > box.height
    let nearEdge = box.y > centre.y ? box.y + 2 : box.y + box.height - 2
    let line = """
      <line x1="\(pixels(centre.x))" y1="\(pixels(centre.y))" x2="\(pixels(x))" y2="\(pixels(nearEdge))" \
      stroke="#a8adb5"/>

      """
    return (isAway ? line : "")
      + """
      <text x="\(pixels(x))" y="\(pixels(box.y + 13))" text-anchor="\(anchor)" fill="\(point.colour)"\
      \(point.row.isSwiftlet ? " font-weight=\"bold\"" : "")>\(escaped(point.row.name))</text>
      """
  }.joined(separator: "\n")
}

private func dot(_ point: ChartPoint, _ frame: ChartFrame) -> String {
  let (speed, y) = (point.row.speed, pixels(frame.y(point.percent)))
  return """
    <line x1="\(pixels(frame.x(speed.minimum)))" y1="\(y)" x2="\(pixels(frame.x(speed.maximum)))" y2="\(y)" \
    stroke="\(point.colour)" stroke-width="2"/>
    <circle cx="\(pixels(frame.x(speed.median)))" cy="\(y)" r="\(whole(ChartFrame.radius))" fill="\(point.colour)">\
    <title>\(escaped(point.row.name)): \(speed.text(digits: 1)) x real time, WER \(percent(point.row.wordErrorRate)) \
    %</title></circle>
    """
}

private func pixels(_ value: Double) -> String { String(format: "%.1f", value) }

private func whole(_ value: Double) -> String { String(format: "%.0f", value) }

/// As few digits as tell it: 0.5, 20.
private func number(_ value: Double) -> String { String(format: "%g", value) }
