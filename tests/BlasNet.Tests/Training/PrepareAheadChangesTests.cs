using BlasNet.Graphs;
using BlasNet.Tests.Kernels;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Tests.Training;

/// <summary>What has been prepared by another thread, and then something changes that it depends on.</summary>
[Collection(GemmSettings.Name)]
public sealed class PrepareAheadChangesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ThreadCount _threads = new(2);

    public void Dispose()
    {
        _threads.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_a_handler_changes_counts_from_the_next_step_on()
    {
        double[] Train(bool isAhead)
        {
            using var training = new AheadTraining(isAhead, "passes");
            Trainer<int> trainer = training.Trainer;
            training.Epoch(new OnStep(_ =>
            {
                int step = (int)trainer.StepCount;
                if (step % 2 == 0)
                    trainer.OptimizationBatch = 5 + step;
                else if (step % 3 == 0)
                    trainer.ComputeBatch = step;
                else if (step == 5)
                    trainer.ClipExampleNorm = 0.1;
                else if (step == 7)
                    trainer.Weight = example => 1 + example;
            }));
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Fact]
    public void Steps_that_a_handler_makes_are_not_those_of_the_epoch()
    {
        double[] Train(bool isAhead)
        {
            using var training = new AheadTraining(isAhead);
            training.Epoch(new OnStep(_ => training.Trainer.Step([1, 2, 3])));
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_prepared_for_other_groups_or_another_position_is_not_used(bool restores)
    {
        double[] Train(bool isAhead)
        {
            using var checkpoints = new CheckpointFolder(_folder.File($"{isAhead} {restores}"));
            using var training = new AheadTraining(isAhead, awaits: isAhead);
            int[] first = [.. Enumerable.Range(3, 12)], second = [.. Enumerable.Range(20, 12)];
            checkpoints.Save(training.Trainer);
            training.Trainer.Step(first, second);
            if (restores)
                checkpoints.Restore(training.Trainer);   // the next step is the first one again, with its dropout
            else
                training.Trainer.Groups = [ParameterGroup.Frozen(training.Words)];

            training.Trainer.Step(second, first);
            training.Trainer.Groups = [];
            training.Trainer.Step(first, null);
            return training.Values;
        }

        Assert.Equal(Train(isAhead: false), Train(isAhead: true));
    }

    [Fact]
    public void What_was_prepared_for_a_step_that_does_not_come_teaches_nothing()
    {
        Assert.Equal(SizesAfter(isAhead: false), SizesAfter(isAhead: true));

        static MicrobatchSizes SizesAfter(bool isAhead)
        {
            using var training = new AheadTraining(isAhead, "tight budget", awaits: isAhead);
            training.Trainer.Step([1, 2, 3, 4], next: [.. Enumerable.Range(20, 20)]);
            training.Trainer.Step([5, 6]);
            return ((ITrainerState)training.Trainer).Position.PassSizes;
        }
    }

    [Theory]
    [InlineData("count")]
    [InlineData("last step")]
    [InlineData("values")]
    [InlineData("evaluation")]
    public void A_loss_that_depends_on_what_steps_change_sees_it_as_it_will_be(string what)
    {
        (double[] Values, int Elsewhere) Train(bool isAhead)
        {
            using var model = new Model(1);
            Parameter w = model.Weight("w", 300, 300), v = model.Weight("v", 1, 300);
            float[] ones = [.. Enumerable.Repeat(1f, 300)];
            int caller = Environment.CurrentManagedThreadId, elsewhere = 0;
            var evaluator = new Evaluator<int>(model, (g, _) => v * g.Input(ones));
            Trainer<int> trainer = null!;
            trainer = new Trainer<int>(model, (g, i) =>
            {
                double known = what switch
                {
                    "count" => trainer.StepCount,
                    "last step" => trainer.LastStep.Loss,
                    "values" => model.ValuesOf(v)[0],
                    _ => Evaluate(i),
                };
                elsewhere += Environment.CurrentManagedThreadId == caller ? 0 : 1;
                return Square(v * Tanh(w * g.Input(ones)) - g.Input(Math.Sin(known + i)));
            }, new Sgd(0.001))
            { OptimizationBatch = 24, PrepareAhead = isAhead };
            trainer.Epoch([.. Enumerable.Range(0, 240)], cancellation: TestContext.Current.CancellationToken);
            return ([.. model.Parameters.SelectMany(model.ValuesOf)], elsewhere);

            double Evaluate(int example)
            {
                double result = 0;
                evaluator.Run([example], (_, value) => result = value[0], TestContext.Current.CancellationToken);
                return result;
            }
        }

        (double[] expected, _) = Train(isAhead: false);
        (double[] actual, int elsewhere) = Train(isAhead: true);

        Assert.Equal(expected, actual);
        Assert.True(what == "count" || elsewhere == 0);
    }
}
