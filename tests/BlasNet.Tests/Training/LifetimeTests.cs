using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>What nobody refers to any more is collected, with its native memory.</summary>
[Collection(GemmSettings.Name)]
public sealed class LifetimeTests
{
    private const int Size = 64;

    private static readonly Function<Expr, Expr> OfNoModel = Function.Of("scale", (Expr x) => 2 * Tanh(x));

    public static TheoryData<string> Kinds => ["evaluator", "evaluator with workers", "trainer", "trainer with workers", "gradient norms"];

    [Theory, MemberData(nameof(Kinds))]
    public void What_uses_a_model_is_collected_before_the_model(string kind)
    {
        using var model = new Model(1);
        Parameter w = model.Weight("w", Size, Size);
        long before = CollectedBytes();
        List<WeakReference> users = [];
        for (int i = 0; i < 10; i++)
            users.Add(Use(model, w, kind));

        long after = CollectedBytes();

        Assert.All(users, user => Assert.False(user.IsAlive));
        Assert.InRange(after - before, long.MinValue, PackedBytes);
    }

    [Fact]
    public void Tens_of_thousands_of_evaluators_take_no_more_memory_than_a_few()
    {
        using var model = new Model(1);
        Parameter w = model.Weight("w", 1, 2);
        MakeEvaluators(2_000);
        CollectedBytes();
        long native = NativeBlock.AllocatedBytes, managed = GC.GetTotalMemory(forceFullCollection: true), process = Environment.WorkingSet;
        long most = MakeEvaluators(20_000);
        CollectedBytes();

        Assert.InRange(NativeBlock.AllocatedBytes, 0, native + (1 << 20));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, managed + (8 << 20));
        Assert.InRange(most, 0, process + (512L << 20));   // 116 KB each would be 2.3 GB

        long MakeEvaluators(int count)
        {
            long most = 0;
            for (int i = 0; i < count; i++)
            {
                new Evaluator<int>(model, (g, x) => w * g.Input([1f, x])).Run([i], (_, _) => { }, TestContext.Current.CancellationToken);
                if (i % 1000 == 0)
                    most = Math.Max(most, Environment.WorkingSet);
            }

            return most;
        }
    }

    [Fact]
    public void A_forgotten_model_frees_its_memory_even_where_a_function_has_been_used_with_it()
    {
        long before = CollectedBytes();
        WeakReference model = ForgetModel(out long during);
        long after = CollectedBytes();

        Assert.False(model.IsAlive);
        Assert.InRange(during, before + 2_000_000 * sizeof(float), long.MaxValue);
        Assert.InRange(after, 0, before + (1 << 16));
    }

    [Fact]
    public void A_disposed_model_frees_what_others_refer_to()
    {
        long before = CollectedBytes();
        var model = new Model(1);
        Parameter w = model.Weight("w", Size, Size);
        var evaluator = new Evaluator<int>(model, (g, _) => Sum(w * g.Input(new float[Size])));
        var trainer = new Trainer<int>(model, (g, _) => Sum(w * g.Input(new float[Size])), new Adam());
        evaluator.Run([1], (_, _) => { }, TestContext.Current.CancellationToken);
        trainer.Step([1]);
        long during = NativeBlock.AllocatedBytes;
        model.Dispose();
        model.Dispose();

        Assert.InRange(during, before + 4 * Size * Size * sizeof(float), long.MaxValue);
        Assert.InRange(NativeBlock.AllocatedBytes, 0, before + (1 << 16));
        GC.KeepAlive(evaluator);
        GC.KeepAlive(trainer);
    }

    // Both forms of w, which the model keeps.
    private static long PackedBytes => (4 * Size * Size * sizeof(float)) + (1 << 16);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Use(Model model, Parameter w, string kind)
    {
        Func<Graph, int, Expr> function = (g, x) => Sum(w * g.Input([.. Enumerable.Repeat((float)x, Size)]));
        int workers = kind.EndsWith("workers", StringComparison.Ordinal) ? 2 : 1;
        switch (kind)
        {
            case "gradient norms":
                var norms = new GradientNorms<int>(model, function);
                norms.Of([1, 2, 3]);
                return new WeakReference(norms);
            case "trainer" or "trainer with workers":
                var trainer = new Trainer<int>(model, function, new Adam()) { Workers = workers };
                trainer.Step([1, 2, 3]);
                return new WeakReference(trainer);
            default:
                var evaluator = new Evaluator<int>(model, function) { Workers = workers };
                evaluator.Run([1, 2, 3], (_, _) => { }, TestContext.Current.CancellationToken);
                return new WeakReference(evaluator);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference ForgetModel(out long bytes)
    {
        var model = new Model(1);
        Parameter w = model.Weight("w", 2000, 1000, Initializer.Zeros);
        var evaluator = new Evaluator<int>(model, (g, x) => OfNoModel.Call(w * g.Input(new float[1000])));
        evaluator.Run([1, 2], (_, value) => Assert.Equal(0, value[0]), TestContext.Current.CancellationToken);
        bytes = NativeBlock.AllocatedBytes;
        return new WeakReference(model);
    }

    // Finalizers free native memory, and what they kept goes with the next collection.
    private static long CollectedBytes()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return NativeBlock.AllocatedBytes;
    }
}
