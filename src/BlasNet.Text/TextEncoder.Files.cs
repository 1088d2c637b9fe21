using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Text.Files;
using BlasNet.Text.Tokenization;
using BlasNet.Training;

namespace BlasNet.Text;

/// <content>From a folder, and to one.</content>
public sealed partial class TextEncoder
{
    private readonly ModelFolder _files;

    /// <summary>Reads an encoder from a folder in the layout of Hugging Face.</summary>
    /// <param name="folder">With <c>config.json</c>; <c>model.safetensors</c> (F64, F32, F16 or BF16) or <c>model.onnx</c>; <c>tokenizer.json</c> or
    /// <c>vocab.txt</c>; and perhaps <c>modules.json</c>, <c>1_Pooling/config.json</c> and <c>sentence_bert_config.json</c>.</param>
    /// <param name="options">What is to be different from what the folder says.</param>
    /// <exception cref="TextModelException">A file is missing, breaks a rule or does not fit the others.</exception>
    /// <exception cref="SafetensorsException"><c>model.safetensors</c> breaks a rule of its format.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option makes no sense, or the model does not take as many tokens.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory for the parameters.</exception>
    public static TextEncoder Load(string folder, TextEncoderOptions? options = null) => Load<float>(folder, options);

    internal static TextEncoder LoadDouble(string folder, TextEncoderOptions? options = null) => Load<double>(folder, options);

    /// <summary>Writes the encoder as it is now to a folder that this library and others read: <c>config.json</c>, <c>model.safetensors</c>, the files of the
    /// tokenizer, and those of Sentence Transformers that say how vectors are pooled. Adapters are added to the weights.</summary>
    /// <param name="folder">Made, or replaced if it is a model's. It appears when it is complete: whatever interrupts the writing, an older one stays as it
    /// was.</param>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN.</exception>
    /// <exception cref="IOException">The folder cannot be written, or is there and not a model's.</exception>
    /// <exception cref="ObjectDisposedException">The encoder has been disposed.</exception>
    public void Save(string folder) => FolderWriter.Write(folder, this, head: null);

    internal ModelFolder Files => _files;

    internal LowRankAdapters? LowRank => _adapters;

    internal static TextEncoder Load<T>(string folder, TextEncoderOptions? options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Load<T>(folder, options, withHead: null, out _);

    /// <param name="folder">The folder.</param>
    /// <param name="options">What is to be different from what it says.</param>
    /// <param name="withHead">Whether a head of tokens, or else of texts, is read with the encoder; null for the encoder alone.</param>
    /// <param name="head">That head.</param>
    internal static TextEncoder Load<T>(string folder, TextEncoderOptions? options, bool? withHead, out Head? head)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var files = new ModelFolder(folder);
        EncoderConfiguration sizes = files.ReadConfiguration();
        HeadConfiguration? about = withHead is { } ofTokens ? HeadConfiguration.Read(files.Configuration, sizes, ofTokens) : null;
        options = Completed(options ?? new TextEncoderOptions(), files, sizes);
        TextTokenizer tokenizer = files.ReadTokenizer(sizes.Vocabulary);
        using TensorFile weights = files.OpenWeights();
        Int128 numbers = sizes.Parameters + (about?.ParametersAbove(sizes) ?? 0);
        if (numbers > new FileInfo(weights.File).Length / sizeof(ushort))
            throw new TextModelException(weights.File, $"is too short for the {numbers} numbers that config.json asks for");

        var model = new Model(options.Seed, typeof(T) == typeof(float) ? Precision.Single : Precision.Double);
        try
        {
            model.Reserve((long)numbers * 17 / 16);   // and for adapters, and the padding between parameters
            LowRankAdapters? adapters = options.Adapters?.For(model);
            ParametersToRead read = new((IParameters?)adapters ?? model), above = new(model);
            var network = new EncoderModel(read, sizes, options.Dropout, adapters is null ? null : adapters.Multiply);
            head = about is null ? null : new Head(above, sizes, about, options.Dropout);
            WeightReader.Fill<T>(model, [.. read.All, .. above.All], sizes.Family, weights, hasHead: head is not null, options.MapsWeights);
            return new TextEncoder(files, model, network, read, adapters, tokenizer, sizes, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static TextEncoderOptions Completed(TextEncoderOptions options, ModelFolder files, EncoderConfiguration sizes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchTokens, 1);
        int maximum = options.MaximumTokens ?? files.ReadMaximumTokens(sizes.MaximumTokens);
        if (maximum < 3 || maximum > sizes.MaximumTokens)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"MaximumTokens must be from 3 to {sizes.MaximumTokens}, for which the model has positions; it is {maximum}.");
        }

        return options with
        {
            Pooling = options.Pooling ?? files.ReadPooling(),
            Normalize = options.Normalize ?? files.Normalizes,
            MaximumTokens = maximum,
        };
    }
}
