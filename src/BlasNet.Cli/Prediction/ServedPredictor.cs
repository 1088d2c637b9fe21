using BlasNet.Cli.CommandLine;
using BlasNet.Serving;

namespace BlasNet.Cli.Prediction;

/// <summary>Answers examples that are JSON objects with predictions that are, in batches. They are read here, by the model that computes them.</summary>
/// <typeparam name="TItem">What is kept of an example.</typeparam>
/// <param name="predictor">Disposed with this.</param>
/// <param name="read">An example of a line.</param>
/// <param name="predict">Predicts for several, and hands over the prediction of each by its position.</param>
internal sealed class ServedPredictor<TItem>(Predictor predictor, Func<string, TItem> read, Action<IReadOnlyList<TItem>, Action<int, string>> predict)
    : BatchModel<string, string>
{
    public override void Compute(Batch<string, string> batch)
    {
        List<int> positions = [];
        List<TItem> items = [];
        for (int i = 0; i < batch.Count; i++)
        {
            try
            {
                items.Add(read(batch.Examples[i]));
                positions.Add(i);
            }
            catch (CommandException e)
            {
                batch.SetException(i, e);
            }
        }

        predict(items, (i, prediction) => batch.SetResult(positions[i], prediction));
    }

    protected override void Dispose(bool isDisposing)
    {
        predictor.Dispose();
        base.Dispose(isDisposing);
    }
}
