using System.Text;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Text;

public sealed class ConlluTests : IDisposable
{
    private const string Two = """
        # sent_id = 1
        # text = Vámonos al mar
        1-2	Vámonos	_	_	_	_	_	_	_	_
        1	Vamos	ir	VERB	V	Mood=Imp	0	root	_	_
        2	nos	nosotros	PRON	P	_	1	obj	_	_
        3-4	al	_	_	_	_	_	_	_	_
        3	a	a	ADP	_	_	5	case	_	_
        4	el	el	DET	_	_	5	det	_	_
        4.1	bello	_	ADJ	_	_	_	_	_	_
        5	mar	mar	NOUN	_	_	1	obl	_	SpaceAfter=No

        # nothing known
        0.1	ya	_	_	_	_	_	_	_	_
        1	New York	_	PROPN	_	_	_	_	_	_
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\n\n\n# the end\n")]
    public void Words_come_without_ranges_empty_nodes_and_comments(string end)
    {
        List<ConlluWord[]> sentences = [.. Conllu.Read(_folder.Write("s.conllu", Two + end))];

        Assert.Equal(["Vamos", "nos", "a", "el", "mar"], sentences[0].Select(word => word.Form));
        Assert.Equal(new ConlluWord("Vamos", "ir", "VERB", "V", 0, "root"), sentences[0][0]);
        Assert.Equal([0, 1, 5, 5, 1], sentences[0].Select(word => word.Head));
        Assert.Equal([new ConlluWord("New York", "_", "PROPN", "_", null, "_")], sentences[1]);
        Assert.Equal(2, sentences.Count);
    }

    [Fact]
    public void Gzip_windows_line_ends_and_several_empty_lines_change_nothing()
    {
        string text = Two.Replace("\n\n", "\n\n\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);

        Assert.Equal([5, 1], Conllu.Read(_folder.Write("s", TemporaryFolder.Gzip(Encoding.UTF8.GetBytes(text)))).Select(sentence => sentence.Length));
    }

    [Theory]
    [InlineData("", ": has no sentences; CoNLL-U is expected")]
    [InlineData("# only a comment\n\n", ": has no sentences; CoNLL-U is expected")]
    [InlineData("1 a b", ":1: 10 columns separated by tabs expected, got 1")]
    [InlineData("1 a _ _ _ _ 0 root _ _ _ _", ":1: 10 columns separated by tabs expected, got 12", true)]
    [InlineData("1  _ _ _ _ 0 root _ _", ":1: column 2 (FORM) is empty; '_' stands for no value", true)]
    [InlineData("1 a _ _ _ _ 0 root _ ", ":1: column 10 (MISC) is empty; '_' stands for no value", true)]
    [InlineData("0 a _ _ _ _ 0 root _ _", ":1: column 1 (ID): 1 expected, got '0'", true)]
    [InlineData("1 a _ _ _ _ 0 root _ _\n3 b _ _ _ _ 1 x _ _", ":2: column 1 (ID): 2 expected, got '3'", true)]
    [InlineData("1 a _ _ _ _ 0 root _ _\n1 b _ _ _ _ 0 root _ _", ":2: column 1 (ID): 2 expected, got '1'; an empty line is expected between sentences", true)]
    [InlineData("1 a _ _ _ _ 0 root _ _\n# b\n", ":2: a comment within a sentence; an empty line is expected before it", true)]
    [InlineData("2-1 a _ _ _ _ _ _ _ _", ":1: column 1 (ID): 1 expected, got '2-1'", true)]
    [InlineData("1-2 a _ _ _ _ _ _ _ _\n1 a _ _ _ _ 0 root _ _", ":1: column 1 (ID): the multiword token ends with word 2; the sentence has 1", true)]
    [InlineData("1-2 a _ _ _ _ _ _ _ _\n", ":1: column 1 (ID): the multiword token ends with word 2; the sentence has 0", true)]
    [InlineData("1-3 a _ _ _ _ _ _ _ _\n1 a _ _ _ _ _ _ _ _\n2-3 a _ _ _ _ _ _ _ _", ":3: column 1 (ID): 2 expected, got '2-3'", true)]
    [InlineData("1.1 a _ _ _ _ _ _ _ _", ":1: column 1 (ID): 1 expected, got '1.1'", true)]
    [InlineData("1 a _ _ _ _ x root _ _", ":1: column 7 (HEAD): 'x' is neither a word's ID nor 0 nor '_'", true)]
    [InlineData("1 a _ _ _ _ -1 root _ _", ":1: column 7 (HEAD): '-1' is neither a word's ID nor 0 nor '_'", true)]
    [InlineData("1 a _ _ _ _ 0 root _ _\n2 b _ _ _ _ 3 x _ _\n\n", ":2: column 7 (HEAD): 3 is not another word of the sentence, which has 2", true)]
    [InlineData("1 a _ _ _ _ 1 root _ _\n", ":1: column 7 (HEAD): 1 is not another word of the sentence, which has 1", true)]
    [InlineData("1 a _ _ _ _ 0 root _ _\n2 b _ _ _ _ 4 x _ _\n3 c _ _ _ _ 2 x _ _\n4 d _ _ _ _ 3 x _ _\n",
        ":2: column 7 (HEAD): the heads of word 2 come back to it; each word's must lead to the root, 0", true)]
    [InlineData("1 a _ _ _ _ 2 root _ _\n2 b _ _ _ _ 3 x _ _\n3 c _ _ _ _ 2 x _ _\n",
        ":2: column 7 (HEAD): the heads of word 2 come back to it; each word's must lead to the root, 0", true)]
    public void Malformed_lines_are_named_by_file_line_column_and_rule(string text, string error, bool spacesAreTabs = false)
    {
        // A comment keeps its space.
        string path = _folder.Write("bad.conllu", spacesAreTabs ? text.Replace(' ', '\t').Replace("#\t", "# ", StringComparison.Ordinal) : text);

        Assert.Equal(path + error, Assert.Throws<DataFormatException>(() => Conllu.Read(path).Count()).Message);
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("\t")]
    [InlineData(" \t ")]
    [InlineData("\t\t\t\t\t\t\t\t\t")]
    public void White_space_between_sentences_is_an_error_that_says_so(string between)
    {
        string path = _folder.Write("blank.conllu", $"1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n{between}\n1\tb\t_\tX\t_\t_\t_\t_\t_\t_\n");
        string error = $"{path}:2: has white space only; an empty line is expected between sentences";

        Assert.Equal(error, Assert.Throws<DataFormatException>(() => Conllu.Read(path).Count()).Message);
        Assert.Equal(error, Assert.Throws<DataFormatException>(() => TaggedFile.Read(path).Count()).Message);
    }

    [Fact]
    public void White_space_before_the_first_line_does_not_tell_the_format() =>
        Assert.Equal(["a"], Assert.Single(SentenceFile.Read(_folder.Write("plain", "\t\n \na\n"))));

    [Fact]
    public void Sentences_are_read_while_they_are_enumerated()
    {
        string path = _folder.Write("s.conllu", Two + "\n\nbroken\n");

        Assert.Equal(2, Conllu.Read(path).Take(2).Count());
        Assert.Throws<DataFormatException>(() => Conllu.Read(path).Count());
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_but_nothing_else() =>
        Assert.InRange(Mutation.Refused(_folder, Encoding.UTF8.GetBytes(Two), path => Conllu.Read(path).Count()), 300, 1499);

    [Theory]
    [InlineData("dev", 2001)]
    [InlineData("train", 12_544)]
    public void The_english_web_treebank_is_read(string part, int sentences) => Assert.Equal(sentences, Conllu.Read(Ewt.File(part)).Count());

    [Fact]
    public void The_english_web_treebank_has_the_words_lengths_and_parts_of_speech_that_it_says()
    {
        List<ConlluWord[]> train = [.. Conllu.Read(Ewt.File("train"))];

        Assert.Equal(204_577, train.Sum(sentence => sentence.Length));
        Assert.Equal(159, train.Max(sentence => sentence.Length));
        Assert.Equal(17, train.SelectMany(sentence => sentence).Select(word => word.Upos).Where(tag => tag != "_").Distinct().Count());
        Assert.All(train, sentence => Assert.Single(sentence, word => word.Head == 0));
    }

    public void Dispose() => _folder.Dispose();
}
