using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Text;

public sealed class VocabularyTests
{
    private static readonly string[] Corpus = ["b", "a", "c", "b", "ä", "c", "b", "Z"];

    [Fact]
    public void Words_are_ordered_by_count_then_by_their_characters() => Assert.Equal(["<unk>", "b", "c", "Z", "a", "ä"], Words(Vocabulary.Build(Corpus)));

    [Fact]
    public void The_order_of_the_corpus_does_not_matter() =>
        Assert.Equal(Words(Vocabulary.Build(Corpus)), Words(Vocabulary.Build(Corpus.Reverse())));

    [Fact]
    public void Rare_words_become_unk_which_has_their_count()
    {
        Vocabulary vocabulary = Vocabulary.Build(Corpus, minimumCount: 2);

        Assert.Equal(["<unk>", "b", "c"], Words(vocabulary));
        Assert.Equal([3, 3, 2], Enumerable.Range(0, 3).Select(vocabulary.CountAt));
        Assert.Equal([0, 1, 0, 2], vocabulary.Encode(["a", "b", "never", "c"]));
        Assert.False(vocabulary.TryGetIndex("a", out _));
    }

    [Fact]
    public void The_maximum_size_counts_unk()
    {
        Assert.Equal(["<unk>", "b", "c"], Words(Vocabulary.Build(Corpus, maximumSize: 3)));
        Assert.Equal(["b", "c", "Z"], Words(Vocabulary.Build(Corpus, maximumSize: 3, unknown: false)));
        Assert.Equal(["<unk>"], Words(Vocabulary.Build(Corpus, maximumSize: 1)));
    }

    [Fact]
    public void Unk_in_the_data_is_the_same_unk()
    {
        Vocabulary vocabulary = Vocabulary.Build(["<unk>", "a", "<unk>", "b", "a"], minimumCount: 2);

        Assert.Equal(["<unk>", "a"], Words(vocabulary));
        Assert.Equal(3, vocabulary.CountAt(0));
    }

    [Fact]
    public void Without_unk_an_unknown_word_is_an_error_that_names_it()
    {
        Vocabulary labels = Vocabulary.Build(["yes", "no", "no"], unknown: false);

        Assert.Equal("'maybe' is not one of the 2 words known: no, yes.",
            Assert.Throws<KeyNotFoundException>(() => labels.IndexOf("maybe")).Message);
    }

    [Fact]
    public void Indices_and_limits_are_checked()
    {
        Vocabulary vocabulary = Vocabulary.Build(Corpus);

        Assert.Throws<ArgumentOutOfRangeException>(() => vocabulary.WordAt(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => vocabulary.CountAt(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.Build(Corpus, minimumCount: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vocabulary.Build(Corpus, maximumSize: 0));
    }

    [Fact]
    public void Lookups_and_counting_known_words_allocate_nothing()
    {
        var builder = new VocabularyBuilder();
        builder.Add("word");
        Vocabulary vocabulary = builder.ToVocabulary();
        char[] text = [.. "a word"];
        int found = 0;
        Count(10);

        Allocations.AssertNone(() => Count(1000));
        Assert.Equal(10, found % 1000);

        void Count(int times)
        {
            for (int i = 0; i < times; i++)
            {
                builder.Add(text.AsSpan(2));
                found += vocabulary.IndexOf(text.AsSpan(2)) + vocabulary.IndexOf("other");
            }
        }
    }

    [Fact]
    public void Characters_are_those_of_unicode_not_halves_of_them()
    {
        var builder = new VocabularyBuilder();
        builder.AddCharacters("naïve");
        builder.AddCharacters("😀n");
        Vocabulary characters = builder.ToVocabulary();

        Assert.Equal(7, characters.Count);
        Assert.Equal("n", characters.WordAt(1));
        Assert.Equal(["😀", "a", "<unk>"], characters.EncodeCharacters("😀a?").Select(characters.WordAt));
    }

    [Fact]
    public void The_rare_words_of_the_english_web_treebank_are_known_by_their_counts()
    {
        Vocabulary words = Vocabulary.Build(TaggedFile.Read(Ewt.File("train")).SelectMany(sentence => sentence).Select(word => word.Word));

        Assert.Equal(19_675, words.Count);
        Assert.Equal(204_577, Enumerable.Range(0, words.Count).Sum(words.CountAt));
        Assert.Equal(16_170, Enumerable.Range(1, words.Count - 1).Count(index => words.CountAt(index) <= 5));
    }

    private static IEnumerable<string> Words(Vocabulary vocabulary) => Enumerable.Range(0, vocabulary.Count).Select(vocabulary.WordAt);
}
