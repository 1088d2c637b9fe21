namespace BlasNet.Datasets;

/// <summary>Reads trees in brackets, as in the Penn Treebank and the Stanford Sentiment Treebank. Plain or gzipped.</summary>
/// <remarks>
/// <code>
/// tree  = "(" label word ")"  |  "(" label tree tree … ")"  |  "(" tree tree … ")"
/// </code>
/// Brackets without a label that hold one tree, as the Penn Treebank puts them around a whole one, are taken off; where they hold several, the
/// label is empty. A tree may span lines; a line that begins with <c>(</c> begins a new tree, so those that go on with one are indented. That way a missing bracket is found in its own tree.
/// </remarks>
public static class TreeFile
{
    /// <summary>Reads tree by tree while the result is enumerated, so the file may be larger than memory. Trees may be of any depth.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no trees, is not UTF-8, or breaks the
    /// grammar.</exception>
    public static IEnumerable<Tree> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return Read(() => LineReader.Open(path));
    }

    internal static IEnumerable<Tree> Read(Func<LineReader> open)
    {
        using LineReader lines = open();
        var parser = new TreeParser(lines);
        bool isEmpty = true;

        while (parser.Read() is { } tree)
        {
            isEmpty = false;
            yield return tree;
        }

        if (isEmpty)
            throw lines.FileError("has no trees; trees in brackets are expected");
    }
}
