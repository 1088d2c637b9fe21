using System.Text;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

public sealed class LineReaderTests : IDisposable
{
    // An empty block in Huffman codes, and its sum and length: nine zeros at its end.
    private static readonly byte[] EmptyMember = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("\n", new[] { "" })]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\nb\n", new[] { "a", "b" })]
    [InlineData("a\r\n\r\nb", new[] { "a", "", "b" })]
    [InlineData("\uFEFFä\n日", new[] { "ä", "日" })]
    [InlineData("a\rb\n\r", new[] { "a\rb", "" })]
    public void Lines_come_without_their_ends(string text, string[] lines) => Assert.Equal(lines, ReadAll(_folder.Write("t", text)));

    [Fact]
    public void Gzip_is_recognised_by_content_not_by_name() =>
        Assert.Equal(["one", "two"], ReadAll(_folder.Write("plain.txt", TemporaryFolder.Gzip("one\ntwo\n"u8))));

    [Fact]
    public void Text_named_gz_is_read_as_the_text_it_is() => Assert.Equal(["one"], ReadAll(_folder.Write("text.gz", "one\n")));

    [Fact]
    public void Lines_longer_than_the_buffer_come_whole()
    {
        string[] lines = [.. Enumerable.Range(0, 7).Select(i => new string((char)('a' + i), 50_000 * i))];

        Assert.Equal(lines, ReadAll(_folder.Write("long", string.Join('\n', lines))));
    }

    [Fact]
    public void An_endless_line_is_refused_instead_of_filling_the_memory()
    {
        string path = _folder.Write("zeros", TemporaryFolder.Gzip(new byte[LineReader.MaximumLength + 1]));

        Assert.Equal($"{path}:1: is longer than 16,777,216 bytes; text is expected", ErrorOf(path).Message);
    }

    [Fact]
    public void Invalid_utf8_is_reported_at_its_own_line()
    {
        string path = _folder.Write("latin1", [.. "good\nm"u8, 0xFC, .. "hle\n"u8]);

        DataFormatException error = ErrorOf(path);

        Assert.Equal($"{path}:2: is not valid UTF-8 text", error.Message);
        Assert.Equal((path, 2L, (long?)null), (error.File, error.Line, error.Offset));
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Equal($"{_folder.File("none")}: does not exist", ErrorOf(_folder.File("none")).Message);

    [Fact]
    public void A_file_in_a_missing_folder_is_named() =>
        Assert.Equal($"{_folder.File("no/ne")}: does not exist", ErrorOf(_folder.File("no/ne")).Message);

    [Fact]
    public void A_directory_is_not_a_file() =>
        Assert.Equal($"{_folder.Path}: is a directory; a file is expected", ErrorOf(_folder.Path).Message);

    [Fact]
    public void Gzip_cut_off_anywhere_is_an_error()
    {
        byte[] zipped = TemporaryFolder.Gzip(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 200))));

        for (int length = 2; length < zipped.Length; length++)
            Assert.Matches(@"cut\.gz: byte \d+: the gzip data is damaged or cut off", ErrorOf(_folder.Write("cut.gz", zipped.AsSpan(0, length))).Message);
    }

    [Fact]
    public void Gzip_of_several_members_is_read_to_its_end() =>
        Assert.Equal(["one", "two"], ReadAll(_folder.Write("two.gz", [.. TemporaryFolder.Gzip("one\n"u8), .. TemporaryFolder.Gzip("two\n"u8)])));

    // The trailer itself ends in zeros, as every file below 16 MB has them there.
    [Theory]
    [InlineData("\0")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\0\0\0\0\r\n\0")]
    public void Gzip_may_be_followed_by_zeros_and_line_ends(string padding)
    {
        foreach (int times in new[] { 1, 500, 50_000 })
        {
            byte[] end = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(padding, times)));
            Assert.Equal(["one", "two"], ReadAll(_folder.Write("padded.gz", [.. TemporaryFolder.Gzip("one\n"u8), .. TemporaryFolder.Gzip("two\n"u8), .. end])));
            Assert.Empty(ReadAll(_folder.Write("empty.gz", [.. EmptyMember, .. end])));
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\0\0x")]
    [InlineData("\n\n\0x\0\0")]
    public void Gzip_followed_by_anything_else_is_an_error(string garbage)
    {
        foreach (int zeros in new[] { 0, 100_000 })
        {
            string path = _folder.Write("garbage.gz", [.. TemporaryFolder.Gzip("one\n"u8), .. new byte[zeros], .. Encoding.UTF8.GetBytes(garbage)]);
            Assert.Contains("the data ends early, or goes on with something that is not gzip", ErrorOf(path).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Gzip_cut_off_before_zeros_is_an_error()
    {
        byte[] zipped = TemporaryFolder.Gzip(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 200))));

        for (int length = 2; length < zipped.Length - 2; length++)   // the last two are zeros themselves
            Assert.Matches(@"cut\.gz: byte \d+: the gzip data is damaged or cut off", ErrorOf(_folder.Write("cut.gz", [.. zipped[..length], .. new byte[600]])).Message);
    }

    [Fact]
    public void A_flipped_bit_in_gzip_data_is_found_by_its_checksum()
    {
        byte[] zipped = TemporaryFolder.Gzip(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 200))));
        zipped[^7] ^= 1;

        string message = ErrorOf(_folder.Write("flipped.gz", zipped)).Message;
        Assert.Contains("the gzip data is damaged or cut off: what is unzipped does not fit its checksum", message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static DataFormatException ErrorOf(string path) => Assert.Throws<DataFormatException>(() => ReadAll(path));

    private static List<string> ReadAll(string path)
    {
        using LineReader reader = LineReader.Open(path);
        List<string> lines = [];

        while (reader.MoveNext())
        {
            lines.Add(reader.Text);
            Assert.Equal(lines.Count, reader.Number);
        }

        return lines;
    }
}
