using System.Buffers.Binary;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

public sealed class IdxTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly byte[] TwoImages = Bytes([0x0803, 2, 1, 3], 0, 51, 255, 255, 0, 102);
    private static readonly byte[] TwoLabels = Bytes([0x0801, 2], 7, 0);

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz")]
    public void The_labels_are_found_beside_the_images(string images, string labels)
    {
        Write(images, TwoImages);
        Write(labels, TwoLabels);

        Digit[] digits = [.. Idx.Read(_folder.File(images))];

        Assert.Equal([7, 0], digits.Select(digit => digit.Label));
        Assert.Equal([0, 0.2f, 1], digits[0].Pixels.ToArray());
        Assert.Equal([1, 0, 0.4f], digits[1].Pixels.ToArray());
    }

    [Fact]
    public void The_labels_may_be_given() =>
        Assert.Equal(2, Idx.Read(_folder.Write("a", TwoImages), _folder.Write("b", TwoLabels)).Count());

    // Values written down here, in the bytes that each type has for them.
    public static TheoryData<string, byte[]> LabelTypes => new()
    {
        { "unsigned bytes", Bytes([0x0801, 2], 26, 1) },
        { "signed bytes", Bytes([0x0901, 2], 26, 1) },
        { "16-bit integers", Bytes([0x0B01, 2], 0, 26, 0, 1) },
        { "32-bit integers", Bytes([0x0C01, 2, 26, 1]) },
        { "single precision", Bytes([0x0D01, 2, 0x41D00000, 0x3F800000]) },
        { "double precision", Bytes([0x0E01, 2, 0x403A0000, 0, 0x3FF00000, 0]) },
        { "QMNIST's rows", Bytes([0x0C02, 2, 8, 26, 9, 9, 9, 9, 9, 9, 9, 1, 9, 9, 9, 9, 9, 9, 9]) },
    };

    [Theory, MemberData(nameof(LabelTypes))]
    public void Labels_may_be_of_any_type_and_above_9(string type, byte[] labels)
    {
        Digit[] digits = [.. Idx.Read(_folder.Write("images", TwoImages), _folder.Write("labels", labels))];

        Assert.True(digits.Select(digit => digit.Label).SequenceEqual([26, 1]), type);
        Assert.Equal(27, Digit.ClassesOf(digits));
    }

    [Theory]
    [InlineData(new[] { 0x0C03, 2, 1, 1, 51, 255 }, 0.2f, 1)]
    [InlineData(new[] { 0x0D03, 2, 1, 1, 0x3E4CCCCD, 0x3F800000 }, 0.2f, 1)]   // 0.2, 1
    [InlineData(new[] { 0x0D03, 2, 1, 1, 0x424C0000, 0x437F0000 }, 0.2f, 1)]   // 51, 255
    public void Pixels_may_be_of_any_type(int[] images, float first, float second)
    {
        IReadOnlyList<Digit> digits = DigitFile.Read(_folder.Write("images", Bytes(images)), _folder.Write("labels", TwoLabels));

        Assert.Equal([first, second], digits.SelectMany(digit => digit.Pixels.ToArray()));
    }

    [Theory]
    [InlineData("emnist", 27, new[] { 1, 2, 3, 4 }, 14)]
    [InlineData("qmnist", 10, new[] { 0, 1, 2, 3 }, 9)]
    public void Files_of_emnist_and_qmnist_are_read(string name, int classes, int[] first, int last)
    {
        string corpus = Path.Combine(AppContext.BaseDirectory, "Corpus");
        Digit[] digits = [.. Idx.Read(Path.Combine(corpus, "idx-images", name), Path.Combine(corpus, "idx-labels", name))];

        Assert.Equal((40, 16, classes, last), (digits.Length, digits[0].Pixels.Length, Digit.ClassesOf(digits), digits[^1].Label));
        Assert.Equal(first, digits[..4].Select(digit => digit.Label));
    }

    [Fact]
    public void Labels_that_are_nowhere_are_asked_for()
    {
        string images = _folder.Write("train-images-idx3-ubyte", TwoImages);
        string labels = _folder.File("train-labels-idx1-ubyte");

        Assert.Equal($"{images}: no labels file beside it. Looked for: {labels}, {labels}.gz. Give the labels file too", ErrorOf(images, null).Message);
    }

    [Fact]
    public void A_name_that_does_not_tell_the_labels_file_is_refused() =>
        Assert.Contains("the name has no 'images' in it", ErrorOf(_folder.Write("pictures", TwoImages), null).Message, StringComparison.Ordinal);

    public static TheoryData<byte[], byte[], string> Malformed => new()
    {
        { [], TwoLabels, "images: byte 0: is empty; an IDX header is expected" },
        { [0, 0], TwoLabels, "images: byte 2: the file ends within the magic number of its header" },
        { [1, 2, 3, 4], TwoLabels, "images: byte 0: IDX magic number 0000??03 (images) expected, got 01020304" },
        { TwoLabels, TwoLabels, "images: byte 0: IDX magic number 0000??03 (images) expected, got 00000801, an IDX file of labels" },
        { TwoImages, TwoImages, "labels: byte 0: IDX magic number 0000??01 or 0000??02 (labels) expected, got 00000803, an IDX file of images" },
        { TwoImages[..7], TwoLabels, "images: byte 7: the file ends within the count of its header" },
        { Bytes([0x0803, 0, 1, 3]), TwoLabels, "images: byte 4: count 0 is outside 1…2147483647" },
        { Bytes([0x0803, -1, 1, 3]), TwoLabels, "images: byte 4: count -1 is outside 1…2147483647" },
        { Bytes([0x0803, 1, 1 << 25, 3]), TwoLabels, "images: byte 8: number of rows 33554432 is outside 1…16777216" },
        { Bytes([0x0803, 1, 8192, 4096]), TwoLabels, "images: byte 12: number of columns 4096 is outside 1…2048" },
        { TwoImages[..^1], TwoLabels, "images: byte 21: the file ends within item 2 of 2, after 2 of its 3 bytes" },
        { [.. TwoImages, 0], TwoLabels, "images: byte 22: the file goes on after its 2 items" },
        { TwoImages, TwoLabels[..^1], "labels: byte 9: the file ends within item 2 of 2, after 0 of its 1 bytes" },
        { TwoImages, [.. TwoLabels, 0], "labels: byte 10: the file goes on after its 2 items" },
        { TwoImages, Bytes([0x0901, 2], 7, 0xFF), "labels: byte 9: label -1 is not one of 0…65535" },
        { TwoImages, Bytes([0x0C02, 2, 2, 7, 8, 65536, 8]), "labels: byte 20: label 65536 is not one of 0…65535" },
        { TwoImages, Bytes([0x0D01, 2, BitConverter.SingleToInt32Bits(7), BitConverter.SingleToInt32Bits(0.5f)]), "labels: byte 12: label 0.5 is not one of 0…65535" },
        { TwoImages, Bytes([0x0C02, 2, 1 << 25]), "labels: byte 8: number of columns 33554432 is outside 1…16777216" },
        { Bytes([0x0D03, 2, 1, 1, BitConverter.SingleToInt32Bits(1), BitConverter.SingleToInt32Bits(-1)]), TwoLabels, "images: byte 20: pixel -1 is outside 0…255" },
        { Bytes([0x0C03, 1, 1, 1, 256]), Bytes([0x0801, 1], 7), "images: byte 16: pixel 256 is outside 0…255" },
        { Bytes([0x0A03, 2, 1, 3]), TwoLabels, "images: byte 0: IDX magic number 0000??03 (images) expected, got 00000A03" },
        { TwoImages, Bytes([0x0801, 3], 7, 0, 1), "labels: byte 4: 2 labels expected, as many as images, got 3" },
        { [.. TemporaryFolder.Gzip(TwoImages)[..^1], 0x55], TwoLabels, "images: byte 0: the gzip data is damaged or cut off" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void Malformed_files_are_named_by_file_byte_and_rule(byte[] images, byte[] labels, string error)
    {
        DataFormatException exception = ErrorOf(_folder.Write("images", images), _folder.Write("labels", labels));

        Assert.StartsWith(_folder.File(error), exception.Message, StringComparison.Ordinal);
        Assert.NotNull(exception.Offset);
        Assert.Null(exception.Line);
    }

    public void Dispose() => _folder.Dispose();

    private static DataFormatException ErrorOf(string images, string? labels) =>
        Assert.Throws<DataFormatException>(() => Idx.Read(images, labels).Count());

    private void Write(string name, byte[] bytes) =>
        _folder.Write(name, name.EndsWith(".gz", StringComparison.Ordinal) ? TemporaryFolder.Gzip(bytes) : bytes);

    private static byte[] Bytes(int[] header, params byte[] items)
    {
        byte[] bytes = new byte[sizeof(int) * header.Length + items.Length];

        for (int i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(sizeof(int) * i), header[i]);

        items.CopyTo(bytes, sizeof(int) * header.Length);
        return bytes;
    }
}
