using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets.Text;

public sealed class SyntheticTextTests
{
    [Fact]
    public void Lengths_are_those_of_real_text()
    {
        int[] lengths = [.. new SyntheticText(seed: 1).Sentences(12_544).Select(sentence => sentence.Length).Order()];

        Assert.InRange(lengths.Average(), 16.0, 16.7);
        Assert.Equal(14, lengths[lengths.Length / 2]);
        Assert.InRange(lengths[lengths.Length * 95 / 100], 38, 40);
        Assert.Equal(1, lengths[0]);
        Assert.InRange(lengths[^1], 100, 159);
    }

    [Fact]
    public void Lengths_are_those_of_the_english_web_treebank()
    {
        int[] real = [.. Conllu.Read(Ewt.File("train")).Select(sentence => sentence.Length).Order()];
        int[] synthetic = [.. new SyntheticText(seed: 2).Sentences(real.Length).Select(sentence => sentence.Length).Order()];

        // Kolmogorov's distance between the two distributions.
        double distance = Enumerable.Range(1, 159).Max(length => Math.Abs(Share(real, length) - Share(synthetic, length)));
        Assert.InRange(distance, 0, 0.02);

        static double Share(int[] lengths, int length) => lengths.Count(other => other <= length) / (double)lengths.Length;
    }

    [Fact]
    public void Words_repeat_within_a_minibatch_as_in_real_text()
    {
        double distinct = new SyntheticText().Sentences(64 * 100).Chunk(64)
            .Average(batch => batch.SelectMany(sentence => sentence).Distinct().Count() / (double)batch.Sum(sentence => sentence.Length));

        Assert.InRange(distinct, 0.50, 0.58);
    }

    [Fact]
    public void Words_are_all_different_and_as_long_as_real_ones()
    {
        string[] words = [.. new SyntheticText().Sentences(10_000).SelectMany(sentence => sentence)];

        Assert.InRange(words.Average(word => word.Length), 3.8, 4.6);
        Assert.Equal(3, new SyntheticText(vocabulary: 3).Sentences(500).SelectMany(sentence => sentence).Distinct().Count());
    }

    [Fact]
    public void The_first_sentences_never_change() // they are what published measurements were made with
    {
        string[] golden =
        [
            "depo niba memela fi fi goficu baru sarude bacupoba bafiyapo mecuhi batete",
            "bazefihi depo lasago bago pozexu nifiwo sa fi ba basa hi kuwo bapo zenihi ba ba ku zedecu bapocuhi vite",
            "goya fivi popo dehi la fi jo kuru dedehiba ba ya ku saku povi tehi degohi balago degoba",
        ];

        Assert.Equal(golden, new SyntheticText(seed: 1).Sentences(3).Select(sentence => string.Join(' ', sentence)));
    }

    [Fact]
    public void Examples_do_not_depend_on_how_many_are_asked_for() =>
        Assert.Equal(new SyntheticText(5).Sentences(10), new SyntheticText(5).Sentences(100).Take(10));

    [Fact]
    public void Seeds_give_different_sentences() =>
        Assert.NotEqual(new SyntheticText(1).Sentences(10).SelectMany(words => words), new SyntheticText(2).Sentences(10).SelectMany(words => words));

    [Fact]
    public void A_word_always_has_the_same_tag()
    {
        TaggedWord[] words = [.. new SyntheticText().TaggedSentences(2000).SelectMany(sentence => sentence).Distinct()];

        Assert.Equal(words.Length, words.Select(word => word.Word).Distinct().Count());
        Assert.Equal(17, words.Select(word => word.Tag).Distinct().Count());
    }

    [Fact]
    public void Trees_are_binary_and_over_the_sentences()
    {
        var text = new SyntheticText(seed: 3);
        Tree[] trees = [.. text.Trees(300)];

        Assert.Equal(text.Sentences(300), trees.Select(tree => tree.PostOrder().Where(node => node.IsLeaf).Select(node => node.Word!)));
        Assert.All(trees.SelectMany(tree => tree.PostOrder()), node => Assert.Contains(node.Children.Length, new[] { 0, 2 }));
        Assert.Equal(["0", "1", "2", "3", "4"], trees.SelectMany(tree => tree.PostOrder()).Select(node => node.Label).Distinct().Order());
    }

    [Fact]
    public void Sizes_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SyntheticText(vocabulary: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SyntheticText().TaggedSentences(1, tags: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SyntheticText().Trees(1, labels: 0));
    }
}
