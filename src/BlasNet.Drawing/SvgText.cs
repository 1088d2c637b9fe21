using System.Globalization;
using System.Text;

namespace BlasNet.Drawing;

/// <summary>Text of an SVG or HTML document, for pictures of your own beside those of graphs.</summary>
public static class SvgText
{
    /// <summary>A number of pixels: at most two decimals, whatever the culture.</summary>
    public static string Px(double value) => Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Text between tags or within a quoted attribute.</summary>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text
            .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
    }

    /// <summary>Appends a line of interpolated markup, whose numbers do not depend on the culture.</summary>
    public static StringBuilder Line(this StringBuilder text, FormattableString markup)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(markup);
        return text.Append(markup.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
