using System.Buffers.Binary;

namespace BlasNet.Datasets;

/// <summary>Reads digits from a pair of IDX files, the format of MNIST: images of bytes and labels of bytes. Plain or gzipped.</summary>
/// <remarks>A file is a magic number (00 00, 08 for unsigned bytes, the number of dimensions), the dimensions as big-endian 32-bit integers, and
/// the bytes. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998.</remarks>
public static class Idx
{
    /// <summary>Larger images are taken for a damaged header: 2²⁴ pixels, 4096 × 4096.</summary>
    private const long MaximumPixels = 1 << 24;

    private const int ImagesMagic = 0x0803, LabelsMagic = 0x0801;

    /// <summary>Reads image by image while the result is enumerated.</summary>
    /// <param name="images">The images file; gzip is recognised by its content.</param>
    /// <param name="labels">The labels file; null to look for it beside the images by MNIST's naming, <see cref="FindLabels"/>.</param>
    /// <returns>Digits with <c>rows·columns</c> pixels, divided by 255.</returns>
    /// <exception cref="ArgumentException">A path is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: a file is missing, is not IDX of the expected kind, ends early or goes on
    /// behind its end, the files differ in their counts, or a label is not 0…9.</exception>
    public static IEnumerable<Digit> Read(string images, string? labels = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(images);

        if (labels is not null)
            ArgumentException.ThrowIfNullOrEmpty(labels);

        return Enumerate(images, labels);
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

    private static IEnumerable<Digit> Enumerate(string images, string? labels)
    {
        using var imageFile = new IdxFile(images, ImagesMagic);
        using var labelFile = new IdxFile(labels ?? FindLabels(images), LabelsMagic);

        if (imageFile.Count != labelFile.Count)
            throw DataFormatException.AtByte(labelFile.Path, 4, $"{imageFile.Count} labels expected, as many as images, got {labelFile.Count}");

        byte[] bytes = new byte[imageFile.ItemSize];

        for (int i = 0; i < imageFile.Count; i++)
        {
            imageFile.ReadItem(i, bytes);
            float[] pixels = Array.ConvertAll(bytes, value => value / 255f);

            yield return new Digit(pixels, labelFile.ReadLabel(i));
        }

        imageFile.ExpectEnd();
        labelFile.ExpectEnd();
    }

    /// <summary>One IDX file: its header read and checked, its items still to come.</summary>
    private sealed class IdxFile : IDisposable
    {
        private readonly Stream _stream;

        public IdxFile(string path, int magic)
        {
            Path = path;
            _stream = DataFile.Open(path);

            try
            {
                ExpectMagic(magic);
                Count = ReadDimension("count", int.MaxValue);
                ItemSize = 1;

                if (magic == ImagesMagic)
                {
                    long rows = ReadDimension("number of rows", MaximumPixels);
                    ItemSize = (int)(rows * ReadDimension("number of columns", MaximumPixels / rows));
                }
            }
            catch
            {
                _stream.Dispose();
                throw;
            }
        }

        public string Path { get; }
        public int Count { get; }
        public int ItemSize { get; }

        public void ReadItem(int index, Span<byte> item)
        {
            int read = _stream.ReadAtLeast(item, item.Length, throwOnEndOfStream: false);

            if (read < item.Length)
                throw Error($"the file ends within item {index + 1} of {Count}, after {read} of its {item.Length} bytes");
        }

        public int ReadLabel(int index)
        {
            Span<byte> label = stackalloc byte[1];
            long offset = _stream.Position;
            ReadItem(index, label);

            return label[0] < Digit.Classes ? label[0]
                : throw DataFormatException.AtByte(Path, offset, $"label {label[0]} is not one of 0…{Digit.Classes - 1}");
        }

        public void ExpectEnd()
        {
            long end = _stream.Position;

            if (_stream.ReadByte() >= 0)
                throw DataFormatException.AtByte(Path, end, $"the file goes on after its {Count} items");
        }

        public void Dispose() => _stream.Dispose();

        private void ExpectMagic(int expected)
        {
            int magic = ReadInteger("magic number");

            if (magic == expected)
                return;

            string found = magic switch
            {
                ImagesMagic => "00000803, an IDX file of images",
                LabelsMagic => "00000801, an IDX file of labels",
                _ => magic.ToString("X8", null),
            };

            throw DataFormatException.AtByte(Path, 0,
                $"IDX magic number {expected:X8} ({(expected == ImagesMagic ? "images" : "labels")}) expected, got {found}");
        }

        private int ReadDimension(string name, long maximum)
        {
            int value = ReadInteger(name);

            return value >= 1 && value <= maximum ? value
                : throw DataFormatException.AtByte(Path, _stream.Position - sizeof(int), $"{name} {value} is outside 1…{maximum}");
        }

        private int ReadInteger(string name)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            int read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

            return read == bytes.Length ? BinaryPrimitives.ReadInt32BigEndian(bytes)
                : throw Error(_stream.Position == 0 ? "is empty; an IDX header is expected" : $"the file ends within the {name} of its header");
        }

        private DataFormatException Error(string rule) => DataFormatException.AtByte(Path, _stream.Position, rule);
    }
}
