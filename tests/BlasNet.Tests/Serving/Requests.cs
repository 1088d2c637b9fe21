using BlasNet.Serving;

namespace BlasNet.Tests.Serving;

/// <summary>What tests of an evaluator ask of it.</summary>
internal static class Requests
{
    public static Task<int> Send(BatchingEvaluator<int, int> evaluator, int n) => evaluator.RunAsync(n, TestContext.Current.CancellationToken).AsTask();

    /// <summary>A request that is being computed, and some that wait.</summary>
    public static async Task<Task<int>[]> FirstAndWaiting(BatchingEvaluator<int, int> evaluator, StubModel model, int waiting)
    {
        Task<int> first = Send(evaluator, 0);
        await model.AwaitBatch();
        return [first, .. Enumerable.Range(1, waiting).Select(n => Send(evaluator, n))];
    }

    public static void Release(StubModel model, int batches)
    {
        for (int i = 0; i < batches; i++)
            model.LetOneEnd();
    }
}
