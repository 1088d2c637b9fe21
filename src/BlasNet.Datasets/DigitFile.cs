namespace BlasNet.Datasets;

/// <summary>Reads whatever file of digits a user has: comma-separated or IDX, plain or gzipped, told apart by content.</summary>
public static class DigitFile
{
    /// <summary>Grey scales in use: already 0…1, the UCI digits' 0…16, and bytes.</summary>
    private static readonly float[] Scales = [1, 16, 255];

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">An IDX file of images (it begins with two zero bytes), or comma-separated text.</param>
    /// <param name="labels">The IDX file of labels, if it does not lie beside the images under MNIST's name.</param>
    /// <param name="labelColumn">Where a comma-separated row keeps its label.</param>
    /// <param name="heading">Whether the first comma-separated row is a heading although it has numbers in it.</param>
    /// <returns>At least one digit; all have the same number of pixels, 0…1. Integers of IDX are divided by 255; other pixels by the first of 1, 16 and
    /// 255 that none of them exceeds.</returns>
    /// <exception cref="ArgumentException">A path is empty.</exception>
    /// <exception cref="DataFormatException">A file cannot be read or breaks its format (see <see cref="CsvDigits"/>, <see cref="Idx"/>), or all
    /// labels are the same.</exception>
    public static IReadOnlyList<Digit> Read(string path, string? labels = null, LabelColumn labelColumn = LabelColumn.Auto, bool heading = false)
    {
        using var data = new RewindableStream(DataFile.Open(path));
        bool isIdx = DataFile.StartsWith(data, 0, 0);
        data.Rewind();

        if (isIdx && (labelColumn != LabelColumn.Auto || heading))
            throw DataFormatException.InFile(path, "is an IDX file, not comma-separated text: it has no heading and no column of labels");

        if (isIdx)
            return Rescale([.. Idx.Read(path, data, labels)]);

        if (labels is not null)
            throw DataFormatException.InFile(path, $"is not an IDX file of images, so the labels file {labels} cannot belong to it");

        return Rescale(ExpectTwoClasses(path, [.. CsvDigits.Read(() => new LineReader(path, data), Scales[^1], divisor: 1, labelColumn, heading)]));
    }

    /// <summary>The margin of an image is always blank: taken for the label it would give zeros only, and training would seem perfect.</summary>
    private static Digit[] ExpectTwoClasses(string path, Digit[] digits) =>
        digits.Length > 1 && Array.TrueForAll(digits, digit => digit.Label == digits[0].Label)
            ? throw DataFormatException.InFile(path,
                $"all {digits.Length} labels are {digits[0].Label}; two classes at least are expected. Is the label the other end of the row?")
            : digits;

    // Integers of IDX are 0…1 by now.
    private static Digit[] Rescale(Digit[] digits)
    {
        float largest = 0;

        foreach (Digit digit in digits)
        {
            foreach (float pixel in digit.Pixels)
                largest = Math.Max(largest, pixel);
        }

        float scale = Array.Find(Scales, scale => largest <= scale);

        if (scale == 1)
            return digits;

        return Array.ConvertAll(digits, digit => new Digit(Divide(digit.Pixels, scale), digit.Label));
    }

    private static float[] Divide(ReadOnlySpan<float> pixels, float scale)
    {
        float[] result = new float[pixels.Length];

        for (int i = 0; i < result.Length; i++)
            result[i] = pixels[i] / scale;

        return result;
    }
}
