using System.Text;
using BlasNet.Drawing;
using static BlasNet.Drawing.SvgText;

namespace BlasNet.Cli.Drawing;

/// <summary>Draws a line chart as SVG; classes of <see cref="Theme"/> give it its colours.</summary>
internal static class ChartSvg
{
    private const double CharacterWidth = 7.4, BoldWidth = 9.3, LineHeight = 17, Top = 34, Bottom = 48;

    /// <param name="chart">What to draw.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="complete">Whether the picture is to stand by itself, with its own styles.</param>
    /// <returns>An svg element.</returns>
    public static string ToSvg(this Chart chart, double width = 720, double height = 400, bool complete = false) =>
        new Drawing(chart, width, height).Run(complete);

    private sealed class Drawing
    {
        private readonly Chart _chart;
        private readonly double _width, _height, _left, _right, _bottom;
        private readonly double[] _xTicks, _yTicks;
        private readonly StringBuilder _svg = new();

        public Drawing(Chart chart, double width, double height)
        {
            (_chart, _width, _height) = (chart, width, height);
            IEnumerable<double> values = chart.Series.SelectMany(series => series.Points.Select(point => point.Y).Concat(series.Band.SelectMany(band => new[] { band.Low, band.High })));
            _yTicks = chart.Y.TicksFor(values.Concat(chart.References.Select(line => line.Y)), (int)((height - Top - Bottom) / 34));
            double longest = chart.Series.Where(series => !series.InKey).Max(series => series.Name.Length) * BoldWidth;
            _left = 18 + _yTicks.Max(tick => chart.Y.Label(tick).Length) * CharacterWidth;
            _right = width - Math.Clamp(longest + 22, 34, 0.42 * width);
            _bottom = height - Bottom;
            IEnumerable<double> xs = chart.Series.SelectMany(series => series.Points.Select(point => point.X));
            _xTicks = chart.XTicks is { } given ? [.. given] : chart.X.TicksFor(xs, (int)((_right - _left) / 56));
        }

        public string Run(bool complete)
        {
            _svg.Line($"<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {Px(_width)} {Px(_height)}\" width=\"{Px(_width)}\" height=\"{Px(_height)}\">");
            _svg.Line($"<title>{Escape(_chart.Title)}</title><desc>{Escape(_chart.Description)}</desc>");
            if (complete)
                _svg.Line($"{Theme.Element}");

            DrawAxes();
            DrawReferences();
            foreach (ChartSeries series in _chart.Series)
                DrawSeries(series);

            DrawNames();
            DrawKey();
            return _svg.Append("</svg>\n").ToString();
        }

        private double XOf(double value) => _left + _chart.X.Fraction(value, _xTicks[0], _xTicks[^1]) * (_right - _left);

        private double YOf(double value) => _bottom - _chart.Y.Fraction(value, _yTicks[0], _yTicks[^1]) * (_bottom - Top);

        private void DrawAxes()
        {
            foreach (double tick in _yTicks)
            {
                _svg.Line($"<line class=\"grid\" x1=\"{Px(_left)}\" y1=\"{Px(YOf(tick))}\" x2=\"{Px(_right)}\" y2=\"{Px(YOf(tick))}\"/>");
                _svg.Line($"<text class=\"muted\" text-anchor=\"end\" x=\"{Px(_left - 7)}\" y=\"{Px(YOf(tick) + 4.5)}\">{_chart.Y.Label(tick)}</text>");
            }

            double free = double.MinValue; // a label is left out where it would touch the one before
            foreach (double tick in _xTicks)
            {
                string label = _chart.X.Label(tick);
                double x = XOf(tick), half = label.Length * CharacterWidth / 2;
                _svg.Line($"<line class=\"axis\" x1=\"{Px(x)}\" y1=\"{Px(_bottom)}\" x2=\"{Px(x)}\" y2=\"{Px(_bottom + 5)}\"/>");
                if (x - half < free)
                    continue;

                free = x + half + 6;
                _svg.Line($"<text class=\"muted\" text-anchor=\"middle\" x=\"{Px(x)}\" y=\"{Px(_bottom + 19)}\">{label}</text>");
            }

            _svg.Line($"<line class=\"axis\" x1=\"{Px(_left)}\" y1=\"{Px(_bottom)}\" x2=\"{Px(_right)}\" y2=\"{Px(_bottom)}\"/>");
            _svg.Line($"<text class=\"muted\" x=\"{Px(4)}\" y=\"16\">{Escape(_chart.Y.Title)}</text>");
            _svg.Line($"<text class=\"muted\" text-anchor=\"middle\" x=\"{Px((_left + _right) / 2)}\" y=\"{Px(_bottom + 40)}\">{Escape(_chart.X.Title)}</text>");
        }

        private void DrawReferences()
        {
            foreach (ChartReference line in _chart.References)
            {
                _svg.Line($"<line class=\"reference\" x1=\"{Px(_left)}\" y1=\"{Px(YOf(line.Y))}\" x2=\"{Px(_right)}\" y2=\"{Px(YOf(line.Y))}\"/>");
                _svg.Line($"<text class=\"muted\" x=\"{Px(_left + 6)}\" y=\"{Px(YOf(line.Y) + (line.Below ? 16 : -6))}\">{Escape(line.Name)}</text>");
            }
        }

        private void DrawSeries(ChartSeries series)
        {
            (double X, double Y)[] points = [.. series.Points.Where(IsShown).Select(point => (XOf(point.X), YOf(point.Y)))];
            if (series.Band.Count > 0)
            {
                var (low, high) = (series.Points.Zip(series.Band, (p, b) => (p.X, Y: b.Low)).Where(IsShown), series.Points.Zip(series.Band, (p, b) => (p.X, Y: b.High)).Where(IsShown));
                string outline = string.Join(' ', low.Concat(high.Reverse()).Select(point => $"{Px(XOf(point.X))},{Px(YOf(point.Y))}"));
                _svg.Line($"<polygon class=\"band f{series.Colour}\" points=\"{outline}\"/>");
            }

            if (series.Joined && points.Length > 1)
            {
                string path = string.Join(' ', points.Select(point => $"{Px(point.X)},{Px(point.Y)}"));
                _svg.Line($"<polyline class=\"line l{series.Colour}{(series.Dashed ? " dashed" : "")}\" points=\"{path}\"/>");
            }

            if (!series.Marked)
                return;

            foreach (var (x, y) in points)
                _svg.Line($"<circle class=\"point f{series.Colour}\" cx=\"{Px(x)}\" cy=\"{Px(y)}\" r=\"4\"/>");
        }

        private bool IsShown((double X, double Y) point) => double.IsFinite(point.Y) && (_chart.Y.LogBase == 0 || point.Y > 0);

        private void DrawKey()
        {
            ChartSeries[] keyed = [.. _chart.Series.Where(series => series.InKey)];
            for (int i = 0; i < keyed.Length; i++)
            {
                double x = _right - keyed[i].Name.Length * BoldWidth - 4, y = _bottom - 12 - (keyed.Length - 1 - i) * LineHeight;
                _svg.Line($"<line class=\"line l{keyed[i].Colour}{(keyed[i].Dashed ? " dashed" : "")}\" x1=\"{Px(x - 34)}\" y1=\"{Px(y - 4)}\" x2=\"{Px(x - 8)}\" y2=\"{Px(y - 4)}\"/>");
                _svg.Line($"<text class=\"name f{keyed[i].Colour}\" x=\"{Px(x)}\" y=\"{Px(y)}\">{Escape(keyed[i].Name)}</text>");
            }
        }

        // Names stand at the height of the last point, moved apart where they would overlap.
        private void DrawNames()
        {
            var named = _chart.Series.Where(series => !series.InKey && series.Name.Length > 0 && series.Points.Any(IsShown))
                .Select(series => (Series: series, End: series.Points.Last(IsShown))).OrderBy(name => YOf(name.End.Y)).ToArray();
            double[] heights = [.. named.Select(name => YOf(name.End.Y))];
            for (int i = 1; i < heights.Length; i++)
                heights[i] = Math.Max(heights[i], heights[i - 1] + LineHeight);

            for (int i = heights.Length - 1; i >= 0; i--)
                heights[i] = Math.Min(heights[i], i == heights.Length - 1 ? _bottom : heights[i + 1] - LineHeight);

            for (int i = 0; i < named.Length; i++)
            {
                var (series, end) = named[i];
                double x = XOf(end.X), y = YOf(end.Y);
                if (Math.Abs(heights[i] - y) > 3)
                    _svg.Line($"<path class=\"axis\" d=\"M{Px(x + 5)} {Px(y)} L{Px(x + 11)} {Px(heights[i])}\"/>");

                _svg.Line($"<text class=\"name f{series.Colour}\" x=\"{Px(x + 13)}\" y=\"{Px(heights[i] + 4.5)}\">{Escape(series.Name)}</text>");
            }
        }
    }
}
