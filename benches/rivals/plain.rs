//! The plain key structure that a tracker begins with: a hash under the task's id, and three sorted sets for each object.

use redis::Connection;

use crate::event::{State, Task, TASK_NAME};

const WINDOW: i64 = 86_400;

/// Writes finished tasks, with the same fields and values as the module's.
pub fn write(connection: &mut Connection, tasks: &[Task]) {
    let state = State::Success;
    for tasks in tasks.chunks(100) {
        let mut pipeline = redis::pipe();
        for task in tasks {
            pipeline.cmd("HSET").arg(&task.id).arg(task.record(state));
            pipeline.cmd("EXPIRE").arg(&task.id).arg(WINDOW);
            for index in ["tasks", &format!("state:{}", state.name()), &format!("task:{TASK_NAME}")] {
                let key = format!("shop.order:{}:{index}", task.object);
                pipeline.cmd("ZADD").arg(&key).arg(task.published_at).arg(&task.id);
                pipeline.cmd("EXPIRE").arg(&key).arg(WINDOW);
            }
        }
        pipeline.exec(connection).expect("the commands are right");
    }
}
