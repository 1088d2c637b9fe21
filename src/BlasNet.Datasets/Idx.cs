using System.Globalization;

namespace BlasNet.Datasets;

/// <summary>Reads digits from a pair of IDX files, the format of MNIST, EMNIST and QMNIST: images and labels. Plain or gzipped.</summary>
/// <remarks>A file is a magic number (00 00, the type of its elements, the number of dimensions), the dimensions as big-endian 32-bit integers, and
/// the elements, big-endian: 08 unsigned and 09 signed bytes, 0B 16-bit and 0C 32-bit integers, 0D single and 0E double precision. Images have three
/// dimensions; labels have one, or two (QMNIST: the first column is the class, the others tell where it is from).
/// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.</remarks>
public static class Idx
{
    private const float MaximumPixel = 255;

    /// <summary>Reads image by image while the result is enumerated.</summary>
    /// <param name="images">The images file; gzip is recognised by its content.</param>
    /// <param name="labels">The labels file; null to look for it beside the images by MNIST's naming, <see cref="FindLabels"/>.</param>
    /// <returns>Digits with <c>rows·columns</c> pixels of 0…255: integers are divided by 255, other numbers come as they are.</returns>
    /// <exception cref="ArgumentException">A path is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: a file is missing, is not IDX of the expected kind, ends early or goes on
    /// behind its end, the files differ in their counts, a pixel is outside 0…255, or a label is not an integer 0…<see cref="Digit.MaximumLabel"/>.</exception>
    public static IEnumerable<Digit> Read(string images, string? labels = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(images);

        if (labels is not null)
            ArgumentException.ThrowIfNullOrEmpty(labels);

        return Read(images, data: null, labels);
    }

    /// <summary>The labels file that belongs to an images file: <c>train-images-idx3-ubyte.gz</c> and <c>train-labels-idx1-ubyte.gz</c>, with
    /// or without <c>.gz</c>, and also <c>.idx3-ubyte</c>.</summary>
    /// <exception cref="DataFormatException">The name does not follow this rule, or there is no such file.</exception>
    public static string FindLabels(string images)
    {
        ArgumentException.ThrowIfNullOrEmpty(images);
        string name = Path.GetFileName(images);

        if (!name.Contains("images", StringComparison.Ordinal))
            throw DataFormatException.InFile(images, "the name has no 'images' in it to tell the labels file's name; give that file too");

        name = name.Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);

        string folder = Path.GetDirectoryName(images) ?? "";
        string sameSuffix = Path.Combine(folder, name);
        string otherSuffix = Path.Combine(folder, name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name + ".gz");

        return File.Exists(sameSuffix) ? sameSuffix
            : File.Exists(otherSuffix) ? otherSuffix
            : throw DataFormatException.InFile(
                images, $"no labels file beside it. Looked for: {sameSuffix}, {otherSuffix}. Give the labels file too");
    }

    /// <param name="images">Stands for the file in errors.</param>
    /// <param name="data">Of the images; is disposed. Null to open the file.</param>
    /// <param name="labels">The labels file; null to look for it.</param>
    internal static IEnumerable<Digit> Read(string images, Stream? data, string? labels)
    {
        using var imageFile = new IdxFile(images, data ?? DataFile.Open(images), IdxContent.Images);
        string labelPath = labels ?? FindLabels(images);
        using var labelFile = new IdxFile(labelPath, DataFile.Open(labelPath), IdxContent.Labels);

        if (imageFile.Count != labelFile.Count)
            throw DataFormatException.AtByte(labelFile.Path, 4, $"{imageFile.Count} labels expected, as many as images, got {labelFile.Count}");

        float[] label = new float[labelFile.ItemSize];

        for (int i = 0; i < imageFile.Count; i++)
        {
            float[] pixels = new float[imageFile.ItemSize];
            imageFile.ReadItem(i, pixels);
            ToPixels(imageFile, i, pixels);
            labelFile.ReadItem(i, label);

            yield return new Digit(pixels, ToLabel(labelFile, i, label[0]));
        }

        imageFile.ExpectEnd();
        labelFile.ExpectEnd();
    }

    private static void ToPixels(IdxFile file, int item, Span<float> pixels)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            if (!(pixels[i] >= 0 && pixels[i] <= MaximumPixel))
                throw file.ErrorIn(item, i, string.Create(CultureInfo.InvariantCulture, $"pixel {pixels[i]} is outside 0…{MaximumPixel}"));

            pixels[i] = file.IsInteger ? pixels[i] / MaximumPixel : pixels[i];
        }
    }

    private static int ToLabel(IdxFile file, int item, float value) =>
        Digit.IsLabel(value) ? (int)value
            : throw file.ErrorIn(item, 0, string.Create(CultureInfo.InvariantCulture, $"label {value} is not one of 0…{Digit.MaximumLabel}"));
}
