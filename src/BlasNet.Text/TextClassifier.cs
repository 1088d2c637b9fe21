using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Text.Files;
using BlasNet.Text.Inference;
using BlasNet.Text.Tokenization;
using BlasNet.Training;

namespace BlasNet.Text;

/// <summary>Classifies texts, or pairs of texts, by a head above an encoder's first token, as Hugging Face's models for sequence classification do.</summary>
/// <remarks>Texts of different lengths are computed together without padding. Threads: any number may use a classifier at once.</remarks>
/// <example><code>
/// using var classifier = new TextClassifier(TextEncoder.Load("all-MiniLM-L6-v2"), ["question", "statement"]);
/// var trainer = new Trainer&lt;(string Text, int Label)&gt;(
///     classifier.Model, (graph, example) => CrossEntropy(classifier.Logits(graph, example.Text), example.Label), new AdamW(2e-5));
/// trainer.Epoch(examples);
/// classifier.Save("questions");
/// </code></example>
public sealed class TextClassifier : IDisposable
{
    private readonly Head _head;
    private readonly TokenBatches<TokenSequence> _batches;

    /// <summary>A new head, to be trained, for an encoder, which is disposed with it.</summary>
    /// <param name="encoder">Neither trained nor evaluated yet: the head's parameters are added to its model.</param>
    /// <param name="labels">At least one, each once; of one, the head gives a score.</param>
    /// <exception cref="ArgumentException">There is no label, or one twice or null.</exception>
    /// <exception cref="InvalidOperationException">The encoder has been trained or evaluated.</exception>
    public TextClassifier(TextEncoder encoder, params IReadOnlyList<string> labels)
        : this(encoder ?? throw new ArgumentNullException(nameof(encoder)),
            new Head(encoder.Model, encoder.Sizes, HeadConfiguration.New(encoder, ofTokens: false, labels), encoder.Options.Dropout))
    {
    }

    private TextClassifier(TextEncoder encoder, Head head)
    {
        (Encoder, _head) = (encoder, head);
        _batches = new(encoder.Model, Logits, text => text.Tokens.Length, encoder.Options);
    }

    /// <summary>What the head is above.</summary>
    public TextEncoder Encoder { get; }

    /// <summary>The parameters of encoder and head.</summary>
    public Model Model => Encoder.Model;

    /// <summary>The classes.</summary>
    public IReadOnlyList<string> Labels => _head.About.Labels;

    /// <summary>The parameters of the head alone.</summary>
    public IReadOnlyList<Parameter> HeadParameters => _head.Parameters;

    /// <summary>Reads a classifier from a folder in the layout of Hugging Face, whose architecture is one <c>ForSequenceClassification</c>.</summary>
    /// <inheritdoc cref="TextEncoder.Load(string, TextEncoderOptions)"/>
    public static TextClassifier Load(string folder, TextEncoderOptions? options = null) => Load<float>(folder, options);

    internal static TextClassifier Load<T>(string folder, TextEncoderOptions? options)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        TextEncoder encoder = TextEncoder.Load<T>(folder, options, withHead: false, out Head? head);
        return new(encoder, head!);
    }

    /// <summary>The network for one text or pair, to be trained: a number for each label.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="input">At most <see cref="TextEncoder.MaximumTokens"/> tokens of it are taken.</param>
    /// <returns>[labels], of any size and sign.</returns>
    public Expr Logits(Graph graph, TextInput input) => Logits(graph, Encoder.TokensOf(input));

    /// <summary>The logits of each text: a number for each label, of any size and sign; the largest is that of the class.</summary>
    /// <param name="texts">Any number, or pairs.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <returns>An array of as many numbers as there are labels, for each.</returns>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The classifier has been disposed.</exception>
    public float[][] Scores(IReadOnlyList<TextInput> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. _batches.Run(texts.Select(Encoder.TokensOf), cancellation).Select(text => text.Value)];
    }

    /// <summary>The labels of texts, in their order.</summary>
    /// <inheritdoc cref="Scores(IReadOnlyList{TextInput}, CancellationToken)" path="/param|/exception"/>
    public string[] Classify(IReadOnlyList<TextInput> texts, CancellationToken cancellation = default) =>
        [.. Scores(texts, cancellation).Select(scores => Labels[TensorPrimitives.IndexOfMax<float>(scores)])];

    /// <summary>The label of a text or a pair.</summary>
    /// <exception cref="ObjectDisposedException">The classifier has been disposed.</exception>
    public string Classify(TextInput text) => Classify([text])[0];

    /// <summary>The probability of each label of a text or a pair: the softmax of the scores.</summary>
    /// <returns>In the order of <see cref="Labels"/>.</returns>
    /// <exception cref="ObjectDisposedException">The classifier has been disposed.</exception>
    public float[] Probabilities(TextInput text)
    {
        float[] probabilities = Scores([text])[0];
        TensorPrimitives.SoftMax(probabilities, probabilities);
        return probabilities;
    }

    /// <summary>Writes the classifier as it is now to a folder that this library and others read.</summary>
    /// <inheritdoc cref="TextEncoder.Save"/>
    public void Save(string folder) => FolderWriter.Write(folder, Encoder, _head);

    /// <summary>Ends all use and frees the memory, the encoder's too.</summary>
    public void Dispose() => Encoder.Dispose();

    private Expr Logits(Graph graph, TokenSequence tokens) => _head.Apply(Encoder.Encode(graph, tokens));
}
