using System.Runtime.CompilerServices;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

/// <summary>Files may be larger than memory.</summary>
public sealed class StreamingTests : IDisposable
{
    private const int Sentences = 100;

    private static readonly Dictionary<string, (string Sentence, Func<string, IEnumerable<object>> Read)> Readers = new()
    {
        ["CoNLL-U"] = ("1\ta\t_\tX\t_\t_\t0\troot\t_\t_\n\n", Conllu.Read),
        ["word|TAG"] = ("a|X b|Y\n", path => TaggedLines.Read(path)),
        ["either"] = ("a|X b|Y\n", TaggedFile.Read),
        ["trees"] = ("(S (A a) (B b))\n", TreeFile.Read),
        ["plain text"] = ("a b\n", PlainText.Read),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Formats => [.. Readers.Keys];

    [Theory, MemberData(nameof(Formats))]
    public void What_was_read_is_kept_by_nobody_but_the_caller(string format)
    {
        IEnumerator<object> sentences = Open(format, end: "");
        WeakReference first = First(sentences);

        for (int i = 1; i < Sentences; i++)
            Assert.True(sentences.MoveNext());

        GC.Collect();

        Assert.False(first.IsAlive);
        Assert.False(sentences.MoveNext());
    }

    [Theory, MemberData(nameof(Formats))]
    public void What_comes_later_is_not_looked_at_before_it_is_asked_for(string format)
    {
        IEnumerator<object> sentences = Open(format, end: "\uFFFF)");

        for (int i = 0; i < Sentences; i++)
            Assert.True(sentences.MoveNext());

        if (format == "plain text")
            Assert.True(sentences.MoveNext());
        else
            Assert.Throws<DataFormatException>(() => sentences.MoveNext());
    }

    public void Dispose() => _folder.Dispose();

    private IEnumerator<object> Open(string format, string end)
    {
        var (sentence, read) = Readers[format];
        return read(_folder.Write("data", string.Concat(Enumerable.Repeat(sentence, Sentences)) + end)).GetEnumerator();
    }

    // A frame of its own, so that no register still holds the sentence.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference First(IEnumerator<object> sentences)
    {
        Assert.True(sentences.MoveNext());
        return new WeakReference(sentences.Current);
    }
}
