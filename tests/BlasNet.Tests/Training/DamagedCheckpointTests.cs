using BlasNet.Tests.Kernels;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Checkpoints that have been cut, changed or left half-way: a training goes on from the last one that is whole.</summary>
[Collection(GemmSettings.Name)]
public sealed class DamagedCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(CheckpointFolder.Parameters)]
    [InlineData(CheckpointFolder.State)]
    [InlineData(CheckpointFolder.Manifest)]
    public void A_damaged_checkpoint_is_passed_over_and_told(string file)
    {
        Func<byte[], byte[]>[] damages =
        [
            bytes => bytes[..^1], bytes => [],
            bytes => [.. bytes[..(bytes.Length / 2)], (byte)(bytes[bytes.Length / 2] ^ 1), .. bytes[(bytes.Length / 2 + 1)..]],
        ];
        foreach (Func<byte[], byte[]> damage in damages)
        {
            string path = _folder.File(Guid.NewGuid().ToString());
            using (var writer = new CheckpointFolder(path))
                Regression.SaveAt(writer, 3, 7);

            string damaged = Path.Combine(path, "step-0000000007-epoch-0001", file);
            File.WriteAllBytes(damaged, damage(File.ReadAllBytes(damaged)));
            using var checkpoints = new CheckpointFolder(path, keep: 1);
            using Regression resumed = new(), expected = new();

            Checkpoint restored = checkpoints.Restore(resumed.Trainer)!;

            Assert.Equal(3, restored.Step);
            Assert.Contains($"step-0000000007-epoch-0001: {file} is damaged", Assert.Single(restored.Warnings), StringComparison.Ordinal);
            expected.TrainTo(3);
            Assert.Equal(expected.Values, resumed.Values);

            // The next one counts, though its step is an earlier one than the damaged one's.
            resumed.TrainTo(5);
            Assert.Equal(5, checkpoints.Save(resumed.Trainer).Step);
            Assert.Equal(5, checkpoints.LastStep);
        }
    }

    [Fact]
    public void A_checkpoint_written_in_the_place_of_a_damaged_one_is_kept_like_others()
    {
        using (var writer = new CheckpointFolder(_folder.Path))
            Regression.SaveAt(writer, 3, 5);

        File.WriteAllBytes(Path.Combine(_folder.Path, Folders()[^1], CheckpointFolder.State), []);
        using var checkpoints = new CheckpointFolder(_folder.Path, keep: 2);
        using var resumed = new Regression();
        Assert.Equal(3, checkpoints.Restore(resumed.Trainer)!.Step);
        foreach (int step in new[] { 5, 6 })
        {
            resumed.TrainTo(step);
            checkpoints.Save(resumed.Trainer);
        }

        Assert.Equal(["step-0000000005-epoch-0001", "step-0000000006-epoch-0001"], Folders());
    }

    [Fact]
    public void Whichever_byte_of_the_manifest_changes_it_is_found()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
        string manifest = Path.Combine(_folder.Path, Folders()[0], CheckpointFolder.Manifest);
        byte[] bytes = File.ReadAllBytes(manifest);
        using var resumed = new Regression();
        double[] before = resumed.Values;

        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 1;
            File.WriteAllBytes(manifest, changed);
            Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        }

        Assert.Equal(before, resumed.Values);
    }

    [Fact]
    public void Where_all_are_damaged_the_error_names_each_and_nothing_changes()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1, 2);
        foreach (string folder in Folders())
            File.Delete(Path.Combine(_folder.Path, folder, CheckpointFolder.State));

        using var resumed = new Regression();
        var error = Assert.Throws<CheckpointException>(() => checkpoints.Restore(resumed.Trainer));
        Assert.StartsWith($"{_folder.Path}: none of its checkpoints can be read. ", error.Message, StringComparison.Ordinal);
        Assert.Contains("step-0000000001-epoch-0000", error.Message, StringComparison.Ordinal);
        Assert.Contains("step-0000000002-epoch-0000", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, resumed.Trainer.StepCount);
    }

    [Fact]
    public void A_folder_without_a_manifest_does_not_count_and_goes_with_the_next_checkpoint()
    {
        using var checkpoints = new CheckpointFolder(_folder.Path);
        Regression.SaveAt(checkpoints, 1);
        string unfinished = _folder.File("step-0000000002-epoch-0000"), foreign = _folder.File("step-0000000002-epoch-0000x");
        Directory.CreateDirectory(unfinished);
        Directory.CreateDirectory(foreign);
        File.WriteAllText(Path.Combine(unfinished, CheckpointFolder.Parameters), "");
        File.WriteAllText(Path.Combine(unfinished, ".blasnet-abc.tmp"), "");
        Assert.Equal(1, checkpoints.LastStep);

        using var resumed = new Regression();
        Assert.Equal(1, checkpoints.Restore(resumed.Trainer)!.Step);
        resumed.TrainTo(3);
        checkpoints.Save(resumed.Trainer);

        Assert.False(Directory.Exists(unfinished));
        Assert.True(Directory.Exists(foreign));
    }

    public void Dispose() => _folder.Dispose();

    private string[] Folders() =>
        [.. Directory.GetDirectories(_folder.Path, "step-*").Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];
}
