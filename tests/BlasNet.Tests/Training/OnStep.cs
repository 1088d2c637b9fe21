using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Does something after every step, at once and on the trainer's thread; <see cref="Progress{T}"/> would do it later, on another one.</summary>
internal sealed class OnStep(Action<TrainingProgress> action) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => action(value);
}
