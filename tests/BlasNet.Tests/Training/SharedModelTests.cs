using BlasNet.Graphs;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>A model that several threads evaluate, train, replace and dispose at once.</summary>
public sealed class SharedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Model _model = new(1, Precision.Double);
    private readonly Parameter _w, _v;
    private readonly Evaluator<double> _evaluator;

    public SharedModelTests()
    {
        (_w, _v) = (_model.Weight("w", 1, 1), _model.Weight("v", 1, 1));
        Set(1);
        _evaluator = new Evaluator<double>(_model, (g, x) => Concatenate(_w * g.Input(x), _v * g.Input(x))) { ComputeBatch = 1 };
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void One_evaluator_serves_any_number_of_threads_at_once(int workers)
    {
        const int Threads = 8;
        var evaluator = new Evaluator<double>(_model, (g, x) => Tanh(_w * g.Input(x))) { ComputeBatch = 3, Workers = workers };
        using var barrier = new Barrier(Threads);
        OtherThread.RunAll(Enumerable.Range(1, Threads).Select<int, Action>(thread => () =>
        {
            for (int run = 0; run < 50; run++)
            {
                double[] examples = [.. Enumerable.Range(0, 1 + (run + thread) % 12).Select(i => thread + 0.01 * i)];
                int next = 0;
                evaluator.RunDouble(examples, (example, value) =>
                {
                    if (run == 0 && example == 0)
                        barrier.SignalAndWait(Cancellation);   // all of them are within a run

                    Assert.Equal(next++, example);
                    Assert.Equal(Math.Tanh(examples[example]), value[0], 1e-12);
                }, Cancellation);
                Assert.Equal(examples.Length, next);
            }
        }));
    }

    [Fact]
    public void An_evaluator_may_be_used_within_its_own_function_and_handler()
    {
        double inner = 0;
        Evaluator<double> evaluator = null!;
        evaluator = new Evaluator<double>(_model, (g, x) => _w * g.Input(x > 2 ? Evaluate(evaluator, x - 2)[^1] : x));

        evaluator.RunDouble([7], (_, value) => inner = value[0] + Evaluate(evaluator, 3)[0], Cancellation);

        Assert.Equal(1 + 1, inner);
    }

    [Fact]
    public void A_run_sees_one_model_throughout_while_another_thread_loads()
    {
        string other = SaveAs(2);
        OtherThread? loader = null;
        List<double> results = [];
        _evaluator.RunDouble([1, 1, 1], (example, value) =>
        {
            results.AddRange(value);
            if (example == 0)
                (loader = OtherThread.Start(() => _model.Load(other))).AwaitBlockedOrDone();
        }, Cancellation);
        loader!.Join();

        Assert.All(results, value => Assert.Equal(1, value));
        Assert.Equal([2, 2], Evaluate(_evaluator, 1));
    }

    [Fact]
    public void An_update_waits_for_an_evaluation_under_way()
    {
        Trainer<double> trainer = NewTrainer();
        OtherThread? step = null;
        List<double> results = [];
        _evaluator.RunDouble([1, 1, 1], (example, value) =>
        {
            results.AddRange(value);
            if (example == 0)
                (step = OtherThread.Start(() => trainer.Step([1]))).AwaitBlockedOrDone();
        }, Cancellation);
        step!.Join();

        Assert.All(results, value => Assert.Equal(1, value));
        Assert.Equal([0.5, 0.5], Evaluate(_evaluator, 1));   // w − 0.25·2w
    }

    /// <summary>The change ends when the other thread waits for it, or has not waited.</summary>
    [Fact]
    public void An_evaluation_waits_for_an_update_under_way()
    {
        bool isChanged = false, hasSeen = false;
        var reader = new Thread(() =>
        {
            using ModelAccess.Scope reading = _model.Access.Read();
            hasSeen = Volatile.Read(ref isChanged);
        });
        using (ModelAccess.Scope change = _model.Access.Exclusive("The test"))
        {
            reader.Start();
            while (reader.IsAlive && (reader.ThreadState & ThreadState.WaitSleepJoin) == 0)
                Thread.Yield();

            Volatile.Write(ref isChanged, true);
        }

        reader.Join();
        Assert.True(hasSeen);
    }

    [Fact]
    public void Evaluations_go_on_while_a_step_computes_its_gradient()
    {
        double[] seen = [];
        Trainer<double> trainer = NewTrainer(() =>
        {
            double[] results = [];
            OtherThread.Start(() => results = Evaluate(_evaluator, 1)).Join();
            seen = results;
        });
        trainer.Step([1]);

        Assert.Equal([1, 1], seen);
    }

    [Fact]
    public void Answers_belong_to_one_model_or_the_other_while_models_are_loaded_and_trained()
    {
        string[] files = [SaveAs(1), SaveAs(2)];
        Trainer<double> trainer = NewTrainer();
        bool ends = false;
        OtherThread[] readers = [.. Enumerable.Range(0, 2).Select(_ => OtherThread.Start(() =>
        {
            while (!Volatile.Read(ref ends))
            {
                double[] values = Evaluate(_evaluator, 1, 1, 1);
                Assert.All(values, value => Assert.Equal(values[0], value));
            }
        }))];
        for (int round = 0; round < 100; round++)
        {
            _model.Load(files[round % 2]);
            trainer.Step([1]);
        }

        Volatile.Write(ref ends, true);
        foreach (OtherThread reader in readers)
            reader.Join();
    }

    [Fact]
    public void Steps_of_two_trainers_come_one_after_another()
    {
        Trainer<double>[] trainers = [NewTrainer(rate: 0.001), NewTrainer(rate: 0.001)];
        OtherThread.RunAll(trainers.Select<Trainer<double>, Action>(trainer => () =>
        {
            for (int step = 0; step < 100; step++)
                trainer.Step([1, 1]);
        }));

        Assert.Equal(Math.Pow(1 - 0.002, 200), _model.ValuesOf(_w)[0], 1e-12);
        Assert.Equal(Math.Pow(1 - 0.002, 200), _model.ValuesOf(_v)[0], 1e-12);
    }

    [Theory]
    [InlineData("load"), InlineData("set"), InlineData("step"), InlineData("average"), InlineData("restore"), InlineData("gradient")]
    public void What_would_wait_for_itself_is_refused(string what)
    {
        string file = SaveAs(2);
        Set(1);
        using var checkpoints = new CheckpointFolder(Path.Combine(_folder.Path, "checkpoints"));
        checkpoints.Save(NewTrainer());
        using var own = new ThreadLocal<Trainer<double>>(() => NewTrainer());   // that another worker uses it would be an error too
        Action change = what switch
        {
            "load" => () => _model.Load(file),
            "set" => () => _model.SetValues(_w, [3]),
            "step" => () => own.Value!.Step([1]),
            "average" => () => own.Value!.UseAverage(),
            "gradient" => () => own.Value!.GradientOf([1]),
            _ => () => checkpoints.Restore(own.Value!),
        };
        var norms = new GradientNorms<double>(_model, (g, x) => Square(_w * g.Input(x)));

        foreach (int workers in new[] { 1, 2 })
        {
            var withinFunction = new Evaluator<double>(_model, (g, x) =>
            {
                change();
                return _w * g.Input(x);
            })
            { Workers = workers };
            AssertRefused(() => Evaluate(withinFunction, 1, 1), "within an evaluation");
            AssertRefused(() => NewTrainer(change, workers: workers).Step([1, 1]), "within a training step");
        }

        AssertRefused(() => _evaluator.RunDouble([1], (_, _) => change(), Cancellation), "within an evaluation");
        AssertRefused(() => norms.Run([1], (_, _) => change(), Cancellation), "within an evaluation");
        Assert.Equal([1, 1], Evaluate(_evaluator, 1));
    }

    [Fact]
    public void A_model_disposed_by_another_thread_ends_an_evaluation_at_its_next_example()
    {
        int handled = 0;
        Assert.Throws<ObjectDisposedException>(() => _evaluator.RunDouble([1, 2, 3], (_, _) =>
        {
            handled++;
            OtherThread.Start(_model.Dispose).Join();
        }, Cancellation));

        Assert.Equal(1, handled);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_model_disposed_by_another_thread_ends_a_step_before_its_update(int workers)
    {
        Trainer<double> trainer = NewTrainer(() => OtherThread.Start(_model.Dispose).Join(), workers: workers);

        Assert.Throws<ObjectDisposedException>(() => trainer.Step([1, 2]));
        Assert.Equal(0, trainer.StepCount);
    }

    [Fact]
    public void Whoever_waits_for_a_model_that_is_disposed_gets_an_error()
    {
        Trainer<double> trainer = NewTrainer();
        OtherThread? step = null;
        Assert.Throws<ObjectDisposedException>(() => _evaluator.RunDouble([1, 2], (_, _) =>
        {
            (step = OtherThread.Start(() => trainer.Step([1]))).AwaitBlockedOrDone();
            _model.Dispose();
        }, Cancellation));

        Assert.IsType<ObjectDisposedException>(step!.End());
    }

    private static double[] Evaluate(Evaluator<double> evaluator, params double[] examples)
    {
        List<double> results = [];
        evaluator.RunDouble(examples, (_, value) => results.AddRange(value), Cancellation);
        return [.. results];
    }

    private static void AssertRefused(Action action, string because) =>
        Assert.Contains(because, Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);

    private Trainer<double> NewTrainer(Action? atLoss = null, double rate = 0.25, int workers = 1) => new(
        _model,
        (g, x) =>
        {
            atLoss?.Invoke();
            return Square(_w * g.Input(x)) + Square(_v * g.Input(x));
        },
        new Sgd(rate))
    { Workers = workers };

    private void Set(double value)
    {
        foreach (Parameter parameter in _model.Parameters)
            _model.SetValues(parameter, [value]);
    }

    private string SaveAs(double value)
    {
        Set(value);
        string path = Path.Combine(_folder.Path, $"{value}.safetensors");
        _model.Save(path);
        Set(1);
        return path;
    }
}
