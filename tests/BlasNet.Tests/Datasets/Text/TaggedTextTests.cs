using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Text;

public sealed class TaggedTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_last_separator_of_a_token_counts()
    {
        string path = _folder.Write("t.txt", "The|DT  cat|NN\tsat|VBD\n\n \na|b|X ||SYM\r\n");

        Assert.Equal(["The|DT cat|NN sat|VBD", "a|b|X ||SYM"], TaggedLines.Read(path).Select(sentence => string.Join(' ', sentence)));
        Assert.Equal([("a|b", "X"), ("|", "SYM")], TaggedLines.Read(path).Last().Select(word => (word.Word, word.Tag)));
    }

    [Fact]
    public void Another_separator_can_be_chosen() =>
        Assert.Equal([new TaggedWord("and/or", "CC")], TaggedLines.Read(_folder.Write("t.txt", "and/or/CC"), '/').Single());

    [Fact]
    public void White_space_cannot_be_the_separator() => Assert.Throws<ArgumentException>(() => TaggedLines.Read("t.txt", ' '));

    [Theory]
    [InlineData("", ": has no words; lines of word|TAG are expected")]
    [InlineData("\n \n", ": has no words; lines of word|TAG are expected")]
    [InlineData("a|X b c|X", ":1: '|' missing in 'b' at column 5; word|TAG is expected")]
    [InlineData("a|X\n  |X", ":2: word missing in '|X' at column 3; word|TAG is expected")]
    [InlineData("a|X\nb|X c|", ":2: tag missing in 'c|' at column 5; word|TAG is expected")]
    [InlineData("a|X\n\nabcdefghijklmnopqrstuvwxyz", ":3: '|' missing in 'abcdefghijklmnopqrst…' at column 1; word|TAG is expected")]
    public void Malformed_lines_are_named_by_file_line_column_and_rule(string text, string error)
    {
        string path = _folder.Write("bad.txt", text);

        Assert.Equal(path + error, Assert.Throws<DataFormatException>(() => TaggedLines.Read(path).Count()).Message);
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_but_nothing_else() => Assert.InRange(
        Mutation.Refused(_folder, [.. "The|DT cat|NN sat|VBD .|.\nÄh|UH ||SYM\n"u8], path => TaggedLines.Read(path).Count()), 300, 1499);

    [Theory]
    [InlineData("# text = a|b c\n1\ta\t_\tNOUN\t_\t_\t0\troot\t_\t_\n", "a|NOUN")]
    [InlineData("#text\n\n1\ta\t_\tNOUN\t_\t_\t0\troot\t_\t_\n", "a|NOUN")]
    [InlineData("\n#|SYM 5|CD\n", "#|SYM 5|CD")]
    [InlineData("a|X\tb|Y\n", null)]
    [InlineData("a|X b|Y\n", "a|X b|Y")]
    public void A_file_is_taken_for_what_it_looks_like(string text, string? sentence)
    {
        string path = _folder.Write("any", text);

        if (sentence is null)
            Assert.Throws<DataFormatException>(() => TaggedFile.Read(path).Count());
        else
            Assert.Equal(sentence, string.Join(' ', TaggedFile.Read(path).Single()));
    }

    [Fact]
    public void A_word_without_a_part_of_speech_cannot_be_learned_from()
    {
        string path = _folder.Write("any", "1\ta\t_\t_\t_\t_\t0\troot\t_\t_\n");

        Assert.Equal($"{path}:1: column 4 (UPOS) is '_'; a tag is needed", Assert.Throws<DataFormatException>(() => TaggedFile.Read(path).Count()).Message);
    }

    [Fact]
    public void A_missing_file_is_named_when_it_is_read() => Assert.Equal($"{_folder.File("none")}: does not exist",
        Assert.Throws<DataFormatException>(() => TaggedFile.Read(_folder.File("none")).Count()).Message);

    [Fact]
    public void Plain_text_is_split_at_white_space_and_empty_lines_are_skipped()
    {
        string path = _folder.Write("p.txt", "\uFEFF It  works .\n\n \nDas\tauch\u00A0!\r\nend");

        Assert.Equal([["It", "works", "."], ["Das", "auch\u00A0!"], ["end"]], PlainText.Read(path));
    }

    [Fact]
    public void Plain_text_without_words_is_an_error()
    {
        string path = _folder.Write("p.txt", " \n\n");

        Assert.Equal($"{path}: has no words; one sentence a line is expected",
            Assert.Throws<DataFormatException>(() => PlainText.Read(path).Count()).Message);
    }

    [Fact]
    public void Plain_text_that_is_damaged_is_read_or_refused_but_nothing_else() =>
        Assert.InRange(Mutation.Refused(_folder, [.. "Äh , ja\nöfter als früher\n"u8], path => PlainText.Read(path).Count()), 300, 1499);

    [Fact]
    public void A_word_that_occurs_again_is_the_same_string()
    {
        string[] words = PlainText.Read(_folder.Write("p.txt", "to be or not to be")).Single();

        Assert.Same(words[0], words[4]);
    }

    public void Dispose() => _folder.Dispose();
}
