using System.Text;
using BlasNet.Drawing;
using static BlasNet.Drawing.SvgText;

namespace BlasNet.Cli.Drawing;

/// <summary>Draws horizontal bars as SVG: the name above each bar, the value after it, so that it fits a narrow screen too.</summary>
internal static class BarChartSvg
{
    private const double BoldWidth = 9.3, RowHeight = 44, BarHeight = 16;

    /// <param name="chart">What to draw.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="complete">Whether the picture is to stand by itself, with its own styles.</param>
    /// <returns>An svg element.</returns>
    public static string ToSvg(this BarChart chart, double width = 720, bool complete = false)
    {
        double height = chart.Bars.Count * RowHeight + 8;
        double room = width - 16 - chart.Bars.Max(bar => bar.Label.Length) * BoldWidth, longest = chart.Bars.Max(bar => bar.Value);
        var svg = new StringBuilder();
        svg.Line($"<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {Px(width)} {Px(height)}\" width=\"{Px(width)}\" height=\"{Px(height)}\">");
        svg.Line($"<title>{Escape(chart.Title)}</title><desc>{Escape(chart.Description)}</desc>");
        if (complete)
            svg.Line($"{Theme.Element}");

        for (int i = 0; i < chart.Bars.Count; i++)
        {
            Bar bar = chart.Bars[i];
            double y = i * RowHeight, length = longest > 0 ? Math.Max(2, bar.Value / longest * room) : 2;
            svg.Line($"<text x=\"0\" y=\"{Px(y + 16)}\">{Escape(bar.Name)}</text>");
            svg.Line($"<rect class=\"f{bar.Colour}\" x=\"0\" y=\"{Px(y + 22)}\" width=\"{Px(length)}\" height=\"{Px(BarHeight)}\" rx=\"2\"/>");
            svg.Line($"<text class=\"name\" x=\"{Px(length + 8)}\" y=\"{Px(y + 35)}\">{Escape(bar.Label)}</text>");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
