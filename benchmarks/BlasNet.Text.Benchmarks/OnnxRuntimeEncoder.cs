using System.Numerics.Tensors;
using BlasNet.Cli.Benchmarks.Encoders;
using Microsoft.ML.OnnxRuntime;

namespace BlasNet.Text.Benchmarks;

/// <summary>An encoder in ONNX Runtime: mean pooling under the mask, vectors of length 1.</summary>
internal sealed class OnnxRuntimeEncoder : PeerEncoder
{
    private readonly InferenceSession _session;

    public OnnxRuntimeEncoder(string model, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        };
        _session = new InferenceSession(model, options);
    }

    public override string Name => "ONNX Runtime";

    public override float[][] Embed(IReadOnlyList<int[]> texts)
    {
        int length = texts.Max(tokens => tokens.Length);
        long[] ids = new long[texts.Count * length], mask = new long[ids.Length], types = new long[ids.Length], shape = [texts.Count, length];
        for (int text = 0; text < texts.Count; text++)
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
        var vectors = new float[texts.Count][];
        for (int text = 0; text < texts.Count; text++)
            vectors[text] = Pool(hidden.Slice(text * length * size, texts[text].Length * size), size);

        return vectors;
    }

    public override void Dispose() => _session.Dispose();

    private static float[] Pool(ReadOnlySpan<float> hidden, int size)
    {
        var vector = new float[size];
        for (int start = 0; start < hidden.Length; start += size)
            TensorPrimitives.Add(vector, hidden.Slice(start, size), vector);

        TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), vector);
        return vector;
    }
}
