using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace BlasNet.Text.Benchmarks;

/// <summary>The same model in ONNX Runtime: mean pooling under the mask, vectors of length 1, on one thread.</summary>
internal sealed class OnnxRuntimeEncoder : IDisposable
{
    private readonly InferenceSession _session;
    private readonly TextEncoder _tokenizer;

    public OnnxRuntimeEncoder(string model, TextEncoder tokenizer, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        (_session, _tokenizer) = (new InferenceSession(model, options), tokenizer);
    }

    /// <summary>Vectors of texts, in the order given, so many at a time, each batch padded to its longest text.</summary>
    public float[][] Embed(IReadOnlyList<string> texts, int batch) =>
        [.. texts.Select(TokensOf).Chunk(batch).SelectMany(EmbedPadded)];

    /// <summary>The same, sorted by length before and put in order after.</summary>
    public float[][] EmbedSorted(IReadOnlyList<string> texts, int batch)
    {
        (int[] Tokens, int Place)[] sorted = [.. texts.Select((text, place) => (TokensOf(text), place)).OrderBy(text => text.Item1.Length)];
        var vectors = new float[sorted.Length][];
        foreach (var group in sorted.Chunk(batch))
        {
            float[][] computed = EmbedPadded([.. group.Select(text => text.Tokens)]);
            for (int i = 0; i < group.Length; i++)
                vectors[group[i].Place] = computed[i];
        }

        return vectors;
    }

    public void Dispose() => _session.Dispose();

    // As many as BlasNet takes of a long text.
    private int[] TokensOf(string text) => _tokenizer.Windows(text)[0];

    private float[][] EmbedPadded(int[][] texts)
    {
        int length = texts.Max(tokens => tokens.Length);
        long[] ids = new long[texts.Length * length], mask = new long[ids.Length], types = new long[ids.Length], shape = [texts.Length, length];
        for (int text = 0; text < texts.Length; text++)
        {
            for (int token = 0; token < texts[text].Length; token++)
                (ids[text * length + token], mask[text * length + token]) = (texts[text][token], 1);
        }

        using OrtValue input = OrtValue.CreateTensorValueFromMemory(ids, shape), attended = OrtValue.CreateTensorValueFromMemory(mask, shape),
            type = OrtValue.CreateTensorValueFromMemory(types, shape);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(
            run, ["input_ids", "attention_mask", "token_type_ids"], [input, attended, type], ["last_hidden_state"]);
        ReadOnlySpan<float> hidden = outputs[0].GetTensorDataAsSpan<float>();
        int size = hidden.Length / ids.Length;
        var vectors = new float[texts.Length][];
        for (int text = 0; text < texts.Length; text++)
            vectors[text] = Pool(hidden.Slice(text * length * size, texts[text].Length * size), size);

        return vectors;
    }

    private static float[] Pool(ReadOnlySpan<float> hidden, int size)
    {
        var vector = new float[size];
        for (int start = 0; start < hidden.Length; start += size)
            TensorPrimitives.Add(vector, hidden.Slice(start, size), vector);

        TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), vector);
        return vector;
    }
}
