using System.Globalization;

namespace BlasNet.Cli.Drawing;

/// <summary>One axis of a chart.</summary>
/// <param name="Title">What is measured, with its unit.</param>
/// <param name="LogBase">2 or 10 for a logarithmic axis; 0 for a linear one.</param>
/// <param name="Minimum">Where the axis begins at the latest; data may make it begin earlier.</param>
/// <param name="Maximum">Where it ends at the earliest.</param>
internal sealed record ChartAxis(string Title, int LogBase = 0, double? Minimum = null, double? Maximum = null)
{
    private static readonly double[] Steps = [1, 2, 5, 10];

    private static readonly string[] Superscripts = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];

    /// <summary>Labels of ticks, where they are not plain numbers.</summary>
    public Func<double, string>? Format { get; init; }

    /// <summary>The values that have a tick, from the first to the last, which are the ends of the axis.</summary>
    /// <param name="values">What must fit on it.</param>
    /// <param name="most">Ticks that there is room for.</param>
    public double[] TicksFor(IEnumerable<double> values, int most)
    {
        double[] finite = [.. values.Where(value => double.IsFinite(value) && (LogBase == 0 || value > 0))];
        double low = Math.Min(finite.DefaultIfEmpty(1).Min(), Minimum ?? double.MaxValue), high = Math.Max(finite.DefaultIfEmpty(1).Max(), Maximum ?? double.MinValue);
        return LogBase == 0 ? LinearTicks(low, high, most) : LogTicks(low, high, most);
    }

    /// <summary>A value's place on an axis whose ends are given: 0 to 1.</summary>
    public double Fraction(double value, double first, double last) => LogBase == 0
        ? (value - first) / (last - first)
        : Math.Log(Math.Max(value, double.Epsilon) / first) / Math.Log(last / first);

    /// <summary>A tick's label.</summary>
    public string Label(double tick)
    {
        if (Format is not null)
            return Format(tick);

        if (LogBase == 10 && (tick is >= 1e4 or <= 1e-3))
            return Power((int)Math.Round(Math.Log10(tick)));

        return tick.ToString(Math.Abs(tick) >= 1e4 ? "#,0" : "0.####", CultureInfo.InvariantCulture);
    }

    private static string Power(int exponent)
    {
        string digits = string.Concat(Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).Select(digit => Superscripts[digit - '0']));
        return exponent == 0 ? "1" : exponent < 0 ? $"10⁻{digits}" : $"10{digits}";
    }

    // Steps of 1, 2 or 5 times a power of ten.
    private static double[] LinearTicks(double low, double high, int most)
    {
        if (high <= low)
            high = low + 1;

        double rough = (high - low) / Math.Max(1, most - 1), power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = Array.Find(Steps, factor => factor * power >= rough * 0.999) * power;
        int first = (int)Math.Floor(low / step + 1e-9), last = (int)Math.Ceiling(high / step - 1e-9);
        return [.. Enumerable.Range(first, last - first + 1).Select(tick => Math.Round(tick * step, 12))];
    }

    private double[] LogTicks(double low, double high, int most)
    {
        double scale = Math.Log(LogBase);
        int first = (int)Math.Floor(Math.Log(low) / scale + 1e-9), last = Math.Max(first + 1, (int)Math.Ceiling(Math.Log(high) / scale - 1e-9));
        int step = Math.Max(1, (int)Math.Ceiling((last - first) / (double)Math.Max(1, most - 1)));
        last = first + (last - first + step - 1) / step * step;
        return [.. Enumerable.Range(0, (last - first) / step + 1).Select(tick => Math.Pow(LogBase, first + tick * step))];
    }
}
