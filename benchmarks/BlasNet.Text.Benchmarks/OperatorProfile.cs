using BlasNet.Execution;
using BlasNet.Graphs;

namespace BlasNet.Text.Benchmarks;

/// <summary>Where the time of embedding goes: building and planning, and each operator's kernels.</summary>
internal static class OperatorProfile
{
    public static void Print(TextEncoder encoder, IReadOnlyList<string> texts, TextWriter output)
    {
        using var engine = new Engine<float>(encoder.Model.Store<float>(), new ComputeOptions());
        long build = 0, prepare = 0, execute = 0;
        Profile? profile = null;
        for (int round = 0; round < 2; round++)
        {
            engine.Executor.Times = round == 0 ? null : profile = new Profile();
            (build, prepare, execute) = (0, 0, 0);
            foreach (int[][] tokens in Batches(encoder, texts))
            {
                long start = System.Diagnostics.Stopwatch.GetTimestamp();
                Graph graph = encoder.Model.NewGraph();
                Expr[] values = [.. tokens.Select((text, i) =>
                {
                    graph.BeginExample(i);
                    return encoder.Pooled(graph, text);
                })];
                long built = System.Diagnostics.Stopwatch.GetTimestamp();
                engine.Prepare(graph, values);
                long prepared = System.Diagnostics.Stopwatch.GetTimestamp();
                engine.Execute();
                execute += System.Diagnostics.Stopwatch.GetTimestamp() - prepared;
                (build, prepare) = (build + built - start, prepare + prepared - built);
            }
        }

        output.WriteLine($"build {Milliseconds(build):F1} ms, plan {Milliseconds(prepare):F1} ms, execute {Milliseconds(execute):F1} ms");
        output.WriteLine($"the last batch: {engine.Plan.StepCount} launches, {engine.Plan.CopiedBytes} bytes copied");
        foreach (var (name, time, launches) in profile!.Kernels)
            output.WriteLine($"{name,-60} {time.TotalMilliseconds,9:F1} ms {launches,6}");

        static IEnumerable<int[][]> Batches(TextEncoder encoder, IReadOnlyList<string> texts)
        {
            List<int[]> batch = [];
            foreach (int[] tokens in texts.Select(text => encoder.Windows(text)[0]))
            {
                batch.Add(tokens);
                if (batch.Sum(text => text.Length) < encoder.Options.BatchTokens)
                    continue;

                yield return [.. batch];
                batch.Clear();
            }

            if (batch.Count > 0)
                yield return [.. batch];
        }

        static double Milliseconds(long ticks) => ticks * 1000.0 / System.Diagnostics.Stopwatch.Frequency;
    }
}
