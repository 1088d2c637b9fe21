using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Serving;

namespace BlasNet.Cli.Serving;

/// <summary>Exchanges the served model when its file has changed. Looks every second, which works on every file system.</summary>
/// <param name="file">Of the model; <c>train --save</c> replaces it in one step.</param>
/// <param name="evaluator">Serves it.</param>
/// <param name="context">Is told what happens.</param>
internal sealed class ModelWatcher(string file, BatchingEvaluator<string, string> evaluator, CommandContext context)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private (DateTime Time, long Length) _seen = StampOf(file);

    /// <summary>Watches until the command is to stop.</summary>
    public async Task Run()
    {
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (await timer.WaitForNextTickAsync(context.Cancellation))
                await Look();
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task Look()
    {
        (DateTime, long Length) stamp = StampOf(file);
        if (stamp == _seen || stamp.Length == 0)
            return;

        _seen = stamp;
        try
        {
            Predictor predictor = Predictor.Open(file);
            BatchModel<string, string> model = predictor.ToBatchModel();
            try
            {
                await evaluator.PrepareAsync(model, [predictor.Sample], context.Cancellation);
            }
            catch
            {
                model.Dispose();
                throw;
            }

            await evaluator.ExchangeAsync(model);
            context.Error.WriteLine($"{file} has changed: the new model is served.");
        }
        catch (Exception e) when (e is CommandException or IOException or ArithmeticException)
        {
            context.Error.WriteLine($"{file} has changed, and the model before is served on: {e.Message}");
        }

        await context.Error.FlushAsync();
    }

    private static (DateTime Time, long Length) StampOf(string file)
    {
        var info = new FileInfo(file);
        return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
    }
}
