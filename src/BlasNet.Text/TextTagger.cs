using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Operators;
using BlasNet.Text.Files;
using BlasNet.Text.Inference;
using BlasNet.Text.Tokenization;
using BlasNet.Training;

namespace BlasNet.Text;

/// <summary>Tags the words of sentences by a head above an encoder, as Hugging Face's models for token classification do: the vector of a word's first piece
/// says its tag.</summary>
/// <remarks>A sentence of more tokens than the encoder takes is cut between words, and its parts are encoded one by one; of a word that is too long for
/// itself the end is left out. Threads: any number may use a tagger at once.</remarks>
/// <example><code>
/// using var tagger = new TextTagger(TextEncoder.Load("all-MiniLM-L6-v2"), tags);
/// var trainer = new Trainer&lt;(string[] Words, int[] Tags)&gt;(
///     tagger.Model, (graph, example) => Sum(CrossEntropy(tagger.Logits(graph, example.Words), example.Tags)), new AdamW(1e-4));
/// </code></example>
public sealed class TextTagger : IDisposable
{
    private readonly Head _head;
    private readonly TokenBatches<SentencePieces> _batches;

    /// <summary>A new head, to be trained, for an encoder, which is disposed with it.</summary>
    /// <param name="encoder">Neither trained nor evaluated yet: the head's parameters are added to its model.</param>
    /// <param name="tags">At least one, each once.</param>
    /// <exception cref="ArgumentException">There is no tag, or one twice or null.</exception>
    /// <exception cref="InvalidOperationException">The encoder has been trained or evaluated.</exception>
    public TextTagger(TextEncoder encoder, params IReadOnlyList<string> tags)
        : this(encoder ?? throw new ArgumentNullException(nameof(encoder)),
            new Head(encoder.Model, encoder.Sizes, HeadConfiguration.New(encoder, ofTokens: true, tags), encoder.Options.Dropout))
    {
    }

    private TextTagger(TextEncoder encoder, Head head)
    {
        (Encoder, _head) = (encoder, head);
        _batches = new(encoder.Model, Logits, sentence => sentence.Length, encoder.Options);
    }

    /// <summary>What the head is above.</summary>
    public TextEncoder Encoder { get; }

    /// <summary>The parameters of encoder and head.</summary>
    public Model Model => Encoder.Model;

    /// <summary>The classes of words.</summary>
    public IReadOnlyList<string> Tags => _head.About.Labels;

    /// <summary>The parameters of the head alone.</summary>
    public IReadOnlyList<Parameter> HeadParameters => _head.Parameters;

    /// <summary>Reads a tagger from a folder in the layout of Hugging Face, whose architecture is one <c>ForTokenClassification</c>.</summary>
    /// <inheritdoc cref="TextEncoder.Load(string, TextEncoderOptions)"/>
    public static TextTagger Load(string folder, TextEncoderOptions? options = null) => Load<float>(folder, options);

    internal static TextTagger Load<T>(string folder, TextEncoderOptions? options)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        TextEncoder encoder = TextEncoder.Load<T>(folder, options, withHead: true, out Head? head);
        return new(encoder, head!);
    }

    /// <summary>The network for one sentence, to be trained: a number for each tag of each word.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="words">At least one.</param>
    /// <returns>[tags × words], of any size and sign; a word's largest says which tag it has.</returns>
    /// <exception cref="ArgumentException">There is no word, or one is null.</exception>
    public Expr Logits(Graph graph, IReadOnlyList<string> words) => Logits(graph, PiecesOf(words));

    /// <summary>The tags of a sentence's words.</summary>
    /// <exception cref="ArgumentException">A word is null.</exception>
    /// <exception cref="ObjectDisposedException">The tagger has been disposed.</exception>
    public string[] Tag(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return words.Count == 0 ? [] : TagAll([words]).Single();
    }

    /// <summary>The tags of the words of sentences, in their order; of a stream only a batch is held, or some for each of several threads.</summary>
    /// <param name="sentences">Any number, with at least one word each.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <exception cref="ArgumentException">A sentence has no words, or a word is null.</exception>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The tagger has been disposed.</exception>
    public IEnumerable<string[]> TagAll(IEnumerable<IReadOnlyList<string>> sentences, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        return _batches.Run(sentences.Select(PiecesOf), cancellation).Select(sentence => TagsOf(sentence.Value));
    }

    /// <summary>Writes the tagger as it is now to a folder that this library and others read.</summary>
    /// <inheritdoc cref="TextEncoder.Save"/>
    public void Save(string folder) => FolderWriter.Write(folder, Encoder, _head);

    /// <summary>Ends all use and frees the memory, the encoder's too.</summary>
    public void Dispose() => Encoder.Dispose();

    private SentencePieces PiecesOf(IReadOnlyList<string> words) => SentencePieces.Of(Encoder.Tokenizer, words, Encoder.MaximumTokens);

    // The vectors of first pieces that follow each other are one part of the matrix.
    private Expr Logits(Graph graph, SentencePieces sentence)
    {
        List<Expr> firsts = [];
        foreach ((int[] tokens, int[] first) in sentence.Parts)
        {
            Expr vectors = Encoder.Encode(graph, tokens);
            for (int start = 0, end; start < first.Length; start = end)
            {
                end = start + 1;
                while (end < first.Length && first[end] == first[end - 1] + 1)
                    end++;

                firsts.Add(Op.SliceColumns(vectors, first[start], end - start));
            }
        }

        return _head.Apply(Op.ConcatenateColumns([.. firsts]));
    }

    private string[] TagsOf(float[] logits) => [.. logits.Chunk(Tags.Count).Select(word => Tags[TensorPrimitives.IndexOfMax<float>(word)])];
}
