using System.Text;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

public sealed class DigitFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 255, 0];
    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 2, 4, 5];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Every_format_is_told_by_its_content(bool idx, bool zipped)
    {
        byte[] bytes = idx ? Images : "0,51,4\n255,0,5\n"u8.ToArray();
        string path = _folder.Write("data", zipped ? TemporaryFolder.Gzip(bytes) : bytes);
        string? labels = idx ? _folder.Write("labels", Labels) : null;

        IReadOnlyList<Digit> digits = DigitFile.Read(path, labels);

        Assert.Equal([4, 5], digits.Select(digit => digit.Label));
        Assert.Equal([0, 0.2f, 1, 0], digits.SelectMany(digit => digit.Pixels.ToArray()));
    }

    [Theory]
    [InlineData("0.5,1,0\n0,0.25,1\n", 1)]
    [InlineData("0.5,1,0\n0,9,1\n", 16)]
    [InlineData("0.5,1,0\n0,17,1\n", 255)]
    public void Pixels_are_divided_by_the_scale_they_fit(string text, float scale) =>
        Assert.Equal(0.5f / scale, DigitFile.Read(_folder.Write("d.csv", text))[0].Pixels[0]);

    [Fact]
    public void A_label_taken_from_the_wrong_end_is_noticed()
    {
        string path = _folder.Write("mnist.csv", "5,0,128,0\n3,0,255,0\n");

        Assert.Equal($"{path}: all 2 labels are 0; two classes at least are expected. Is the label the other end of the row?",
            Assert.Throws<DataFormatException>(() => DigitFile.Read(path)).Message);
        Assert.Equal([5, 3], DigitFile.Read(path, labelColumn: LabelColumn.First).Select(digit => digit.Label));
    }

    [Fact]
    public void A_labels_file_for_text_is_refused()
    {
        string path = _folder.Write("d.csv", "1,2,3\n4,5,6\n");

        Assert.Equal($"{path}: is not an IDX file of images, so the labels file L cannot belong to it",
            Assert.Throws<DataFormatException>(() => DigitFile.Read(path, "L")).Message);
    }

    [Fact]
    public void Options_of_text_are_refused_for_an_idx_file()
    {
        string path = _folder.Write("images", Images), labels = _folder.Write("labels", Labels), error = $"{path}: is an IDX file, not comma-separated text: it has no heading and no column of labels";

        Assert.Equal(error, Assert.Throws<DataFormatException>(() => DigitFile.Read(path, labels, LabelColumn.First)).Message);
        Assert.Equal(error, Assert.Throws<DataFormatException>(() => DigitFile.Read(path, labels, heading: true)).Message);
    }

    [Fact]
    public void A_missing_file_and_a_directory_are_named()
    {
        Assert.EndsWith(": does not exist", Assert.Throws<DataFormatException>(() => DigitFile.Read(_folder.File("none"))).Message, StringComparison.Ordinal);
        Assert.EndsWith(": is a directory; a file is expected", Assert.Throws<DataFormatException>(() => DigitFile.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>Bytes changed, cut, doubled or put in anywhere: digits or a <see cref="DataFormatException"/>, never anything else.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Damaged_files_give_digits_or_a_data_format_exception(bool idx, bool zipped)
    {
        byte[] good = idx ? Images : Encoding.UTF8.GetBytes("p1,p2,label\n0,51.5,4\n255,1e1,5\n");
        good = zipped ? TemporaryFolder.Gzip(good) : good;
        string? labels = idx ? _folder.Write("labels", Labels) : null;
        var random = new Random(idx ? 1 : 2);
        int refused = 0;

        for (int round = 0; round < 1000; round++)
        {
            string path = _folder.Write("damaged", Damage(good, random));

            try
            {
                Assert.All(DigitFile.Read(path, labels), digit => Assert.InRange(digit.Label, 0, Digit.MaximumLabel));
            }
            catch (DataFormatException e)
            {
                Assert.StartsWith(_folder.Path, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 999);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Damage(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];

        for (int change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count);

            switch (random.Next(5))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.Insert(at, (byte)random.Next(256)); break;
                default: bytes.InsertRange(at, bytes[at..]); break;
            }
        }

        return [.. bytes];
    }
}
