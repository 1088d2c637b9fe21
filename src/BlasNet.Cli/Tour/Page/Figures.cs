using System.Globalization;

namespace BlasNet.Cli.Tour.Page;

/// <summary>Numbers for people to read.</summary>
internal static class Figures
{
    private static readonly string[] Superscripts = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];

    /// <summary>Three significant digits, with thousands separated: 0.0123, 4.56, 78.9, 12,300.</summary>
    public static string Short(double value)
    {
        if (value == 0 || !double.IsFinite(value))
            return value == 0 ? "0" : "–";

        int digits = Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6);
        double unit = Math.Pow(10, Math.Max(0, (int)Math.Floor(Math.Log10(Math.Abs(value))) - 2));
        return (Math.Round(value / unit) * unit is var rounded && unit > 1 ? rounded : value).ToString($"#,0.{new string('#', digits)}", CultureInfo.InvariantCulture);
    }

    /// <summary>Two significant digits and a power of ten: 3.1·10⁻⁸; an exact 0 says so.</summary>
    public static string Power(double value)
    {
        if (value == 0)
            return "0";

        int exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        string digits = string.Concat(Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).Select(digit => Superscripts[digit - '0']));
        return string.Create(CultureInfo.InvariantCulture, $"{value / Math.Pow(10, exponent):0.0}·10{(exponent < 0 ? "⁻" : "")}{digits}");
    }

    /// <summary>An integer with thousands separated.</summary>
    public static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>So many decimals, and a real minus sign.</summary>
    public static string Fixed(double value, int decimals) => value.ToString($"F{decimals}", CultureInfo.InvariantCulture).Replace('-', '−');

    /// <summary>A time in the unit that suits it.</summary>
    public static string Time(double seconds) =>
        seconds >= 1 ? $"{Short(seconds)} s" : seconds >= 1e-3 ? $"{Short(1e3 * seconds)} ms" : $"{Short(1e6 * seconds)} µs";

    /// <summary>A number of bytes in the unit that suits it.</summary>
    public static string Bytes(double bytes) =>
        bytes >= 1 << 20 ? $"{Short(bytes / (1 << 20))} MiB" : bytes >= 1024 ? $"{Short(bytes / 1024)} KiB" : $"{Short(bytes)} bytes";
}
