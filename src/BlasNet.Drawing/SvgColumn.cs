using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using static BlasNet.Drawing.SvgText;

namespace BlasNet.Drawing;

/// <summary>Several pictures in one, below each other, each under its heading.</summary>
public static partial class SvgColumn
{
    private const double Heading = 58, Margin = 16;

    /// <param name="title">The picture's accessible name.</param>
    /// <param name="pictures">Headings, sentences (plain text) and svg elements without styles of their own
    /// (<see cref="DrawingOptions.IsComplete"/>).</param>
    /// <returns>An svg element, complete by itself.</returns>
    public static string Of(string title, IEnumerable<(string Heading, string Sentence, string Svg)> pictures)
    {
        var inner = new StringBuilder();
        double y = 0, width = 0;
        foreach (var (heading, sentence, svg) in pictures)
        {
            Match size = Size().Match(svg);
            inner.Line($"<text class=\"heading\" x=\"{Px(Margin)}\" y=\"{Px(y + 26)}\">{Escape(heading)}</text>");
            inner.Line($"<text class=\"sentence\" x=\"{Px(Margin)}\" y=\"{Px(y + 46)}\">{Escape(sentence)}</text>");
            y += Heading;
            inner.Append(svg.Replace("<svg class=\"graph\"", $"<svg class=\"graph\" x=\"{Px(Margin)}\" y=\"{Px(y)}\"", StringComparison.Ordinal));
            y += double.Parse(size.Groups["height"].Value, CultureInfo.InvariantCulture) + Margin;
            width = Math.Max(width, Math.Max(double.Parse(size.Groups["width"].Value, CultureInfo.InvariantCulture), sentence.Length * 7) + 2 * Margin);
        }

        var all = new StringBuilder();
        all.Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {Px(width)} {Px(y)}\" width=\"{Px(width)}\" height=\"{Px(y)}\"><title>{Escape(title)}</title>");
        all.Line($"{Theme.Element}<style>.heading{{font:600 17px {Theme.Sans};fill:var(--ink)}}.sentence{{font:13px {Theme.Sans};fill:var(--muted)}}</style>");
        return all.Append(inner).Append("</svg>\n").ToString();
    }

    [GeneratedRegex("""width="(?<width>[\d.]+)" height="(?<height>[\d.]+)">""")]
    private static partial Regex Size();
}
