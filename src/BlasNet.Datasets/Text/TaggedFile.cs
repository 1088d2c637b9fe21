namespace BlasNet.Datasets;

/// <summary>Reads whatever file of tagged sentences a user has: CoNLL-U or <c>word|TAG</c> lines, plain or gzipped, told apart by content.</summary>
public static class TaggedFile
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file. CoNLL-U is what has a tab in its first line that is neither empty nor a comment; its tag is UPOS.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read or breaks its format (see <see cref="Conllu"/>,
    /// <see cref="TaggedLines"/>), or a word of it has no UPOS.</exception>
    public static IEnumerable<TaggedWord[]> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return Choose(path);

        static IEnumerable<TaggedWord[]> Choose(string path)
        {
            using var data = new RewindableStream(DataFile.Open(path));
            bool isConllu = Conllu.IsConllu(path, data);
            data.Rewind();
            LineReader Open() => new(path, data);

            IEnumerable<TaggedWord[]> sentences = isConllu
                ? Conllu.Read(Open, requireTags: true)
                    .Select(sentence => Array.ConvertAll(sentence, word => new TaggedWord(word.Form, word.Upos)))
                : TaggedLines.Read(Open);

            foreach (TaggedWord[] sentence in sentences)
                yield return sentence;
        }
    }
}
