using System.Globalization;
using System.Text;

namespace BlasNet.Drawing;

/// <summary>Text of an SVG or HTML document.</summary>
internal static class SvgText
{
    /// <summary>A number of pixels: at most two decimals, whatever the culture.</summary>
    public static string Px(double value) => Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Text between tags or within a quoted attribute.</summary>
    public static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    /// <summary>Interpolated markup whose numbers do not depend on the culture.</summary>
    public static StringBuilder Line(this StringBuilder text, FormattableString markup) =>
        text.Append(markup.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
