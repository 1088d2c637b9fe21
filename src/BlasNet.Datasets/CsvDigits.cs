using System.Globalization;
using System.Text;

namespace BlasNet.Datasets;

/// <summary>Where a row of comma-separated digits keeps its label.</summary>
public enum LabelColumn
{
    /// <summary>Where a heading names it <c>label</c>, and without one behind the pixels.</summary>
    Auto,

    /// <summary>Behind the pixels, as in the UCI files.</summary>
    Last,

    /// <summary>Before the pixels, as in the usual CSV editions of MNIST.</summary>
    First,
}

/// <summary>Reads digits from comma-separated text, one image a row: its pixels and its label. Plain or gzipped.</summary>
/// <remarks>The first row says how many columns there are. A first row without any number in it is a heading. Empty lines are skipped.</remarks>
public static class CsvDigits
{
    /// <summary>Reads row by row while the result is enumerated.</summary>
    /// <param name="path">The file; gzip is recognised by its content.</param>
    /// <param name="maximum">The value of a full pixel: 255 for grey levels, 16 for the UCI digits. Pixels come out divided by it.</param>
    /// <param name="labelColumn">Where the label is.</param>
    /// <param name="heading">Whether the first row is a heading although it has numbers in it.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximum"/> is not positive.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no rows, rows of different lengths, a field that
    /// is not a number, a pixel outside 0…<paramref name="maximum"/>, or a label that is not an integer 0…<see cref="Digit.MaximumLabel"/>.</exception>
    public static IEnumerable<Digit> Read(string path, float maximum = 255, LabelColumn labelColumn = LabelColumn.Auto, bool heading = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximum);

        return Read(() => LineReader.Open(path), maximum, divisor: maximum, labelColumn, heading);
    }

    internal static IEnumerable<Digit> Read(Func<LineReader> open, float maximum, float divisor, LabelColumn labelColumn, bool heading = false)
    {
        using LineReader lines = open();
        int columns = 0;
        bool isEmpty = true;

        while (lines.MoveNext())
        {
            if (lines.Line.Trim((byte)' ').IsEmpty)
                continue;

            if (columns == 0)
            {
                columns = CountColumns(lines);

                if (heading || !HasNumber(lines.Line))
                {
                    labelColumn = labelColumn == LabelColumn.Auto ? NamedBy(lines.Line) : labelColumn;
                    continue;
                }
            }

            isEmpty = false;
            yield return ParseRow(lines, columns, maximum, divisor, labelColumn);
        }

        if (isEmpty)
            throw lines.FileError("has no rows; rows of pixels and a label are expected");
    }

    private static Digit ParseRow(LineReader lines, int columns, float maximum, float divisor, LabelColumn labelColumn)
    {
        int labelIndex = labelColumn == LabelColumn.First ? 0 : columns - 1;
        float[] pixels = new float[columns - 1];
        int label = 0, column = 0, pixel = 0;

        foreach (Range range in lines.Line.Split((byte)','))
        {
            if (column == columns)
                throw lines.Error($"{columns} columns expected as in the first row, got {lines.Line.Count((byte)',') + 1}");

            ReadOnlySpan<byte> field = lines.Line[range];

            if (!TryParse(field, out float value))
                throw lines.Error($"column {column + 1}: '{Show(field)}' is not a number");

            if (column == labelIndex)
                label = ToLabel(lines, column, value);
            else if (value >= 0 && value <= maximum)
                pixels[pixel++] = value / divisor;
            else
                throw lines.Error(string.Create(CultureInfo.InvariantCulture, $"column {column + 1}: pixel {value} is outside 0…{maximum}"));

            column++;
        }

        if (column != columns)
            throw lines.Error($"{columns} columns expected as in the first row, got {column}");

        return new Digit(pixels, label);
    }

    private static int CountColumns(LineReader lines)
    {
        int columns = lines.Line.Count((byte)',') + 1;

        return columns >= 2 ? columns : throw lines.Error("one column only; pixels and a label, separated by commas, are expected");
    }

    private static bool HasNumber(ReadOnlySpan<byte> line)
    {
        foreach (Range range in line.Split((byte)','))
        {
            if (TryParse(line[range], out _))
                return true;
        }

        return false;
    }

    private static LabelColumn NamedBy(ReadOnlySpan<byte> heading)
    {
        bool isFirst = Ascii.EqualsIgnoreCase(heading[..heading.IndexOf((byte)',')].Trim(" \""u8), "label"u8);

        return isFirst ? LabelColumn.First : LabelColumn.Last;
    }

    private static int ToLabel(LineReader lines, int column, float value) =>
        Digit.IsLabel(value)
            ? (int)value
            : throw lines.Error(string.Create(CultureInfo.InvariantCulture,
                $"column {column + 1}: label {value} is not one of 0…{Digit.MaximumLabel}"));

    /// <summary>One to three digits, all that image files usually hold, are read directly; the general parser takes 29 ns a field (measured).</summary>
    private static bool TryParse(ReadOnlySpan<byte> field, out float value)
    {
        field = field.Trim((byte)' ');

        if (field.Length is >= 1 and <= 3 && field.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0)
        {
            int number = 0;

            foreach (byte digit in field)
                number = 10 * number + (digit - '0');

            value = number;
            return true;
        }

        return float.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>A field as an error message shows it: short, and without control characters.</summary>
    private static string Show(ReadOnlySpan<byte> field)
    {
        string text = Encoding.UTF8.GetString(field[..Math.Min(field.Length, 20)]);

        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) + (field.Length > 20 ? "…" : "");
    }
}
