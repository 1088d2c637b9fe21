namespace BlasNet.Datasets;

/// <summary>The 1,797 handwritten digits of UCI, 8×8 pixels each, which come with this assembly.</summary>
/// <remarks>Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998, CC BY 4.0.</remarks>
public static class Digits
{
    private const string Resource = "digits.csv.gz";

    private static readonly Lazy<DigitSplit> Shared = new(() => DigitSplit.EveryFifth(Read()));

    /// <summary>The number of pixels of a digit: 64.</summary>
    public const int Pixels = 64;

    /// <summary>The number of different labels: 10.</summary>
    public const int Classes = 10;

    /// <summary>1,437 digits to train with.</summary>
    public static IReadOnlyList<Digit> Train => Shared.Value.Train;

    /// <summary>360 digits to test with; see <see cref="DigitSplit.EveryFifth"/>.</summary>
    public static IReadOnlyList<Digit> Test => Shared.Value.Test;

    private static List<Digit> Read()
    {
        Stream data = typeof(Digits).Assembly.GetManifestResourceStream(Resource)!;

        return [.. CsvDigits.Read(() => new LineReader(Resource, DataFile.Unzip(Resource, data)), maximum: 16, divisor: 16, LabelColumn.Last)];
    }
}
