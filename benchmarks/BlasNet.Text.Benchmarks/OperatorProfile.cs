using BlasNet.Text.Inference;

namespace BlasNet.Text.Benchmarks;

/// <summary>Where the time of embedding goes: building and planning, and each operator's kernels.</summary>
internal static class OperatorProfile
{
    public static void Print(TextEncoder encoder, IReadOnlyList<string> texts, TextWriter output)
    {
        var batches = new TokenBatches<int[]>(encoder.Model, (graph, tokens) => encoder.Pooled(graph, tokens), tokens => tokens.Length, encoder.Options);
        Run();   // warms up
        batches.Profile = new Profile();
        Run();
        output.WriteLine(batches.Profile);

        void Run() => _ = batches.Run(texts.Select(text => encoder.Windows(text)[0]), CancellationToken.None).Count();
    }
}
